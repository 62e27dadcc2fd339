// Puts an index together: its folder, and the parameters that the native library would not survive.

import { mkdir } from 'node:fs/promises';
import { VECTOR_SIZE_MAX } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { rowsWorthAGraph } from './segments/search-plan.ts';
import { listSegments } from './segments/segment-file.ts';
import { type SegmentedIndexOptions, SegmentedVectorIndex } from './segments/segmented-index.ts';
import type { VectorIndex } from './vector-index.ts';

export type CreateVectorIndexOptions = SegmentedIndexOptions;

const EDGES_MAX = 2_048;
const EF_MAX = 100_000;
/**
 * The candidate list for which the default tail is reckoned: Qdrant's `ef_construct` and so its
 * default `hnsw_ef`.
 */
const USUAL_EF = 100;

/**
 * An empty index; call `loadSegments` after the vectors were added. Throws `wrong_input` on
 * parameters out of range.
 */
export async function createVectorIndex(options: CreateVectorIndexOptions): Promise<VectorIndex> {
  checkWhole('size', options.size, 1, VECTOR_SIZE_MAX);
  checkWhole('m', options.m, 0, EDGES_MAX);
  checkWhole('efConstruct', options.efConstruct, 1, EF_MAX);
  checkWhole('tailVectorsMax', options.tailVectorsMax, 0, Number.MAX_SAFE_INTEGER);
  const { deletedShareMax } = options;
  if (!(deletedShareMax > 0 && deletedShareMax <= 1)) {
    throw new TributaryError('wrong_input', `deletedShareMax is in (0, 1], not ${deletedShareMax}`);
  }
  await mkdir(options.folder, { recursive: true });
  const { sealed, leftovers } = await listSegments(options.folder);
  const numbers = [...sealed, ...leftovers.map(({ number }) => number)];
  return new SegmentedVectorIndex(options, Math.max(0, ...numbers) + 1);
}

/**
 * Vectors in the tail from which a segment is worth building: a tail that grows to this and is then
 * built costs a search as much, on average, as the graph does.
 */
export function defaultTailVectorsMax(size: number): number {
  return 2 * rowsWorthAGraph(size, USUAL_EF);
}

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    const range = `${min} .. ${max}`;
    throw new TributaryError('wrong_input', `${name} is a whole number in ${range}, not ${value}`);
  }
}
