// What an index without graphs says of itself: nothing of it is ever built.

import type { VectorIndexStats } from '../vector-index.ts';

export function exactStats(
  counted: Pick<VectorIndexStats, 'vectors' | 'indexedVectors' | 'memoryBytes'>,
): VectorIndexStats {
  return {
    ...counted,
    excludedVectors: 0,
    segments: 0,
    segmentVectors: [],
    rowBytes: counted.memoryBytes,
    graphBytes: 0,
    build: 'idle',
    building: false,
  };
}
