// What the settings of a collection mean for the index of one of its vectors. Pure.
//
// Thresholds are of the vectors of a shard, which is what the settings of Qdrant say of a segment: 10,000 KB are 20,000
// vectors of 128 float32. Below the threshold there is no graph. Above it a shard's tail is built into one when it is
// that large itself, but not while so few came that they are scanned faster; and what is left, once no more come.

import { defaultTailVectorsMax, type GraphSettings } from '@tributary/index';
import { bytesPerValue, type CollectionConfig, type VectorShape } from '@tributary/model';

/** A vector that came later has the collection's settings. */
export function graphSettingsOf(
  config: CollectionConfig,
  vectorName: string,
  { size, datatype }: Extract<VectorShape, { size: number }>,
): GraphSettings {
  const params = Object.hasOwn(config.vectors, vectorName) ? config.vectors[vectorName] : undefined;
  const hnsw = { ...config.hnsw, ...params?.hnsw };
  const { indexingThresholdKb, deletedThreshold, vacuumMinVectorNumber } = config.optimizers;
  const vectorBytes = size * bytesPerValue(datatype);
  const vectorsIn = (kilobytes: number) => Math.floor((kilobytes * 1024) / vectorBytes);
  const isOff = indexingThresholdKb === 0;
  const graphVectorsMin = isOff ? Number.POSITIVE_INFINITY : vectorsIn(indexingThresholdKb);
  return {
    m: hnsw.m,
    efConstruct: hnsw.efConstruct,
    tailVectorsMax: Math.max(defaultTailVectorsMax(size, datatype), isOff ? 0 : graphVectorsMin),
    graphVectorsMin,
    smallTailVectorsMax: Math.max(graphVectorsMin, vectorsIn(hnsw.fullScanThresholdKb)),
    deletedShareMax: Math.min(1, Math.max(DELETED_SHARE_MIN, deletedThreshold)),
    wornVectorsMin: vacuumMinVectorNumber,
  };
}

/** A share of 0 would build a segment again for each vector that is deleted. */
const DELETED_SHARE_MIN = 0.01;
