// Takes the documentation of the installed packages in: extract, train, upsert. Where all of it is there already
// nothing is done; where an earlier run was cut short, what is missing is added.

import type { QdrantClient } from '@qdrant/js-client-rest';
import type { LsaModel } from '@tributary/lsa';
import { type Clock, TributaryError } from '@tributary/runtime';
import { countPassages, makeCollection, upsertPassages } from './docs-collection.ts';
import { type DocsFolder, fingerprintOf } from './docs-folder.ts';
import { DIMENSIONS, trainOnPassages } from './embedding.ts';
import { extractPassages } from './extract-passages.ts';
import type { Passage } from './passage.ts';
import { type ProgressOutput, progressLine } from './progress-line.ts';

export interface IngestOptions {
  /** One a peer; the work is spread over them. */
  readonly clients: readonly [QdrantClient, ...QdrantClient[]];
  readonly folder: DocsFolder;
  readonly modulesFolder: string;
  /** Replicas of each shard. */
  readonly replicas: number;
  readonly clock: Clock;
  readonly output: ProgressOutput;
}

/** Resolves with the model when every passage is searchable. */
export async function ingest(options: IngestOptions): Promise<LsaModel> {
  const [client] = options.clients;
  const manifest = options.folder.readManifest();
  const count = await countPassages(client);
  if (manifest?.complete === true && count === manifest.passages) {
    const model = readModel(options.folder);
    if (model !== undefined) {
      options.output.write(`documents  ${count} passages are there already\n`);
      return model;
    }
  }
  return await takeIn(options, count !== undefined);
}

async function takeIn(options: IngestOptions, exists: boolean): Promise<LsaModel> {
  const { clients, folder, clock, output } = options;
  const reading = progressLine('documents', undefined, clock, output);
  const passages = extractPassages(options.modulesFolder);
  if (passages.length === 0) {
    throw new TributaryError('not_found', `no documentation below ${options.modulesFolder}`);
  }
  const packages = new Set(passages.map((passage) => passage.package)).size;
  reading.finish(`${passages.length} passages of ${packages} packages read`);

  const fingerprint = fingerprintOf(passages);
  const isSame = folder.readManifest()?.fingerprint === fingerprint;
  const kept = isSame && exists ? readModel(folder) : undefined;
  const model = kept ?? trainModel(options, passages);
  if (kept === undefined) {
    folder.writeModel(model);
    await makeCollection(clients[0], options.replicas);
  }
  folder.writeManifest({ fingerprint, passages: passages.length, complete: false });
  const taking = progressLine('vectors', 'passages', clock, output);
  await upsertPassages({ clients, passages, model, onProgress: taking.update });
  folder.writeManifest({ fingerprint, passages: passages.length, complete: true });
  taking.finish(`${passages.length} passages taken in`);
  return model;
}

function trainModel({ clock, output }: IngestOptions, passages: readonly Passage[]): LsaModel {
  const training = progressLine('training', undefined, clock, output);
  const model = trainOnPassages(passages, (share) => training.update(share, 1));
  training.finish(`${model.vocabulary.indexes.size} terms in ${DIMENSIONS} dimensions`);
  return model;
}

/** A missing or damaged model is one to be trained again. */
function readModel(folder: DocsFolder): LsaModel | undefined {
  try {
    return folder.readModel();
  } catch {
    return undefined;
  }
}
