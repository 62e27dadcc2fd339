// The indexes of a worker's replicas and where they keep their segments: `<shard>-<collection>/<vector>` beneath the
// folder. A vector's name may be anything, so its folder is the name in hexadecimal, with the revision of one that came
// later.

import { hash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createVectorIndex,
  MultiVectorIndex,
  quantizationOf,
  type SegmentBuilder,
  SparseIndex,
  type VectorIndex,
} from '@tributary/index';
import type { VectorShape } from '@tributary/model';
import { assert, type Clock, type Logger } from '@tributary/runtime';
import { graphSettingsOf } from './graph-settings.ts';
import type { CreateIndex, IndexedVector, IndexFiles } from './replica-vectors.ts';

/** In hexadecimal, and with a revision, still a name that every file system takes. */
const FOLDER_NAME_BYTES_MAX = 100;

export interface IndexSurroundings {
  readonly folder: string;
  readonly builder: SegmentBuilder;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createIndexesIn(surroundings: IndexSurroundings): CreateIndex {
  return async (options) => {
    const { shape } = options;
    switch (shape.kind) {
      case 'sparse':
        return new SparseIndex();
      case 'multi':
        return createMultiVectorIndex(options, shape);
      case 'dense':
        return createSegmentedIndex(surroundings, options, shape);
    }
  };
}

function createMultiVectorIndex(
  { config, vectorName }: Parameters<CreateIndex>[0],
  shape: Extract<VectorShape, { size: number }>,
): MultiVectorIndex {
  const index = new MultiVectorIndex(shape);
  index.configure(graphSettingsOf(config, vectorName, shape));
  return index;
}

function createSegmentedIndex(
  surroundings: IndexSurroundings,
  options: Parameters<CreateIndex>[0],
  shape: Extract<VectorShape, { size: number }>,
): Promise<VectorIndex> {
  const { size, distance, datatype } = shape;
  const { vectorName, config, table } = options;
  const params = Object.hasOwn(config.vectors, vectorName) ? config.vectors[vectorName] : undefined;
  const quantization = quantizationOf(params?.quantization ?? config.quantization);
  return createVectorIndex({
    ...surroundings,
    size,
    distance,
    ...(datatype && { datatype }),
    ...graphSettingsOf(config, vectorName, shape),
    ...(quantization && { quantization }),
    folder: join(surroundings.folder, options.storeName, folderOf(options)),
    identify: (offset) => {
      const id = table.idAt(offset);
      assert(id !== undefined, 'a row of the index stands for a point');
      return id;
    },
  });
}

export function createIndexFiles(folder: string): IndexFiles {
  const remove = (path: string) => rm(path, { recursive: true, force: true });
  return {
    drop: (vector) => remove(join(folder, vector.storeName, folderOf(vector))),
    sweep: async (storeName, kept) => {
      const names = new Set(kept.map(folderOf));
      const present = await readdir(join(folder, storeName)).catch(() => []);
      const left = present.filter((name) => !names.has(name));
      await Promise.all(left.map((name) => remove(join(folder, storeName, name))));
    },
  };
}

/** Vectors that have had one name after another have folders of their own; a long name is known by its digest. */
export function folderOf({ vectorName, revision }: IndexedVector): string {
  const bytes = Buffer.from(vectorName, 'utf8');
  const isLong = bytes.length > FOLDER_NAME_BYTES_MAX;
  const name = isLong ? `h${hash('sha256', bytes, 'hex')}` : `v${bytes.toString('hex')}`;
  return revision === 0 ? name : `${name}-${revision}`;
}
