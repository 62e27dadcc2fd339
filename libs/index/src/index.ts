export type { Cardinality } from './cardinality.ts';
export {
  type CreateVectorIndexOptions,
  createVectorIndex,
  defaultTailVectorsMax,
} from './create-vector-index.ts';
export { countOfSet } from './exact-scan.ts';
export { examplesOf } from './example-scoring.ts';
export { FieldValues } from './field-values.ts';
export type { VectorPresence } from './filter-selector.ts';
export { MultiVectorIndex, type MultiVectorIndexOptions } from './multi-vector-index.ts';
export { hasOffset, offsetsOf } from './offset-bits.ts';
export type { OrderedPair } from './ordered-values.ts';
export { type IndexSelection, PayloadIndexes } from './payload-indexes.ts';
export { PointTable } from './point-table.ts';
export { type Quantization, quantizationOf } from './row-codes.ts';
export {
  createSegmentBuilder,
  type RunSegmentJob,
  type SegmentBuilder,
  type SegmentBuilderOptions,
} from './segment-builder.ts';
export type { SegmentJob, SegmentResult } from './segment-job.ts';
export { copyVector, rowsOf } from './similarity.ts';
export { SparseIndex } from './sparse-index.ts';
export type { IndexedValue } from './value-postings.ts';
export * from './vector-index.ts';
