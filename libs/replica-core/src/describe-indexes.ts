// What the indexes of a replica's vectors are made of, one by one and together.

import type { AnyVectorIndex } from '@tributary/index';
import type { ReplicaInfo, VectorIndexInfo } from '@tributary/wire';

type OfIndexes = Pick<
  ReplicaInfo,
  'indexedVectorsCount' | 'segmentsCount' | 'memoryBytes' | 'optimizing' | 'vectorIndexes'
>;

export function describeIndexes(indexes: ReadonlyMap<string, AnyVectorIndex>): OfIndexes {
  const vectorIndexes: Record<string, VectorIndexInfo> = {};
  let indexedVectorsCount = 0;
  let segmentsCount = 0;
  let memoryBytes = 0;
  let optimizing = false;
  for (const [name, index] of indexes) {
    const stats = index.stats();
    const { vectors, indexedVectors, excludedVectors, segmentVectors, build } = stats;
    const { rowBytes, graphBytes } = stats;
    indexedVectorsCount += indexedVectors;
    segmentsCount += stats.segments;
    memoryBytes += stats.memoryBytes;
    optimizing ||= stats.building;
    vectorIndexes[name] = {
      vectors,
      indexed: indexedVectors,
      excluded: excludedVectors,
      segments: segmentVectors,
      rowBytes,
      graphBytes,
      build,
      ...(stats.buildError !== undefined && { buildError: stats.buildError }),
      ...(stats.builds && { builds: stats.builds }),
    };
  }
  return { indexedVectorsCount, segmentsCount, memoryBytes, optimizing, vectorIndexes };
}
