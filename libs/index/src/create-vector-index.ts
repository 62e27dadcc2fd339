// Puts an index together: its folder, and the parameters that the native library would not survive.

import { mkdir } from 'node:fs/promises';
import { type StoredDatatype, VECTOR_SIZE_MAX } from '@tributary/model';
import { checkGraphSettings, checkWhole } from './segments/graph-settings.ts';
import { rowsWorthAGraph } from './segments/search-plan.ts';
import type { SegmentBuildsOptions } from './segments/segment-builds.ts';
import { listSegments } from './segments/segment-file.ts';
import { SegmentedVectorIndex } from './segments/segmented-index.ts';
import type { VectorIndex } from './vector-index.ts';

export type CreateVectorIndexOptions = SegmentBuildsOptions;

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
  checkGraphSettings(options);
  await mkdir(options.folder, { recursive: true });
  const { sealed, leftovers } = await listSegments(options.folder);
  const numbers = [...sealed, ...leftovers.map(({ number }) => number)];
  return new SegmentedVectorIndex(options, Math.max(0, ...numbers) + 1);
}

/**
 * Vectors in the tail from which a segment is worth building: a tail that grows to this and is then
 * built costs a search as much, on average, as the graph does.
 */
export function defaultTailVectorsMax(size: number, datatype?: StoredDatatype): number {
  return 2 * rowsWorthAGraph(size, USUAL_EF, datatype);
}
