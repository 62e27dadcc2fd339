// The collection `docs` at the peers: made, filled, counted, asked. Everything goes through the official client.

import type { QdrantClient } from '@qdrant/js-client-rest';
import type { LsaModel } from '@tributary/lsa';
import { DIMENSIONS, passageVector, questionVector } from './embedding.ts';
import type { Passage } from './passage.ts';

export const COLLECTION = 'docs';
const SHARDS = 6;
const BATCH_POINTS = 200;
const UPSERTS_IN_FLIGHT = 4;
const ID_PAGE = 10_000;

export interface Answer {
  readonly id: number | string;
  /** Cosine between the vectors of question and passage, −1 .. 1. */
  readonly score: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Passages in the collection, exactly; undefined where there is no such collection. */
export async function countPassages(client: QdrantClient): Promise<number | undefined> {
  const { exists } = await client.collectionExists(COLLECTION);
  if (!exists) return undefined;
  return (await client.count(COLLECTION, { exact: true })).count;
}

/** Makes the collection again, empty; `replicas` of each shard. */
export async function makeCollection(client: QdrantClient, replicas: number): Promise<void> {
  const { exists } = await client.collectionExists(COLLECTION);
  if (exists) await client.deleteCollection(COLLECTION);
  await client.createCollection(COLLECTION, {
    vectors: { size: DIMENSIONS, distance: 'Cosine' },
    shard_number: SHARDS,
    replication_factor: replicas,
  });
}

/** Ids of the points that are there. */
async function presentIds(client: QdrantClient): Promise<Set<number>> {
  const present = new Set<number>();
  let offset: unknown;
  do {
    const page = await client.scroll(COLLECTION, {
      limit: ID_PAGE,
      with_payload: false,
      with_vector: false,
      ...(typeof offset === 'number' && { offset }),
    });
    for (const { id } of page.points) present.add(Number(id));
    offset = page.next_page_offset;
  } while (typeof offset === 'number');
  return present;
}

/**
 * Upserts the passages that are missing, passage n under the id n + 1; at most four batches are under way, spread over
 * the clients. Each batch is searchable when it counts as done.
 */
export async function upsertPassages(options: {
  clients: readonly QdrantClient[];
  passages: readonly Passage[];
  model: LsaModel;
  onProgress: (done: number, total: number) => void;
}): Promise<void> {
  const { clients, passages, model, onProgress } = options;
  const [first] = clients;
  if (first === undefined) throw new RangeError('no client');
  const present = await presentIds(first);
  const missing = passages.flatMap((passage, index) =>
    present.has(index + 1) ? [] : [{ id: index + 1, passage }],
  );
  let next = 0;
  let done = passages.length - missing.length;
  onProgress(done, passages.length);
  const work = async (client: QdrantClient) => {
    while (next < missing.length) {
      const batch = missing.slice(next, next + BATCH_POINTS);
      next += batch.length;
      const points = batch.map(({ id, passage }) => ({
        id,
        vector: passageVector(model, passage),
        payload: { ...passage },
      }));
      await client.upsert(COLLECTION, { wait: true, points });
      done += batch.length;
      onProgress(done, passages.length);
    }
  };
  const workers = Array.from({ length: UPSERTS_IN_FLIGHT }, (_, index) =>
    work(clients[index % clients.length] ?? first),
  );
  await Promise.all(workers);
}

/** The passages nearest to the question, best first; none where the model knows no word of it. */
export async function ask(
  client: QdrantClient,
  model: LsaModel,
  question: string,
  limit: number,
): Promise<readonly Answer[]> {
  const query = questionVector(model, question);
  if (query.every((value) => value === 0)) return [];
  const { points } = await client.query(COLLECTION, {
    query,
    limit,
    with_payload: true,
  });
  return points.map(({ id, score, payload }) => ({ id, score, payload: payload ?? {} }));
}
