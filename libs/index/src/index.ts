export {
  type CreateVectorIndexOptions,
  createVectorIndex,
  defaultTailVectorsMax,
} from './create-vector-index.ts';
export { countOfSet, hasOffset, offsetsOf } from './offset-bits.ts';
export type { Cardinality } from './payload/cardinality.ts';
export { FieldValues } from './payload/field-values.ts';
export type { VectorPresence } from './payload/filter-selector.ts';
export type { OrderedPair } from './payload/ordered-values.ts';
export { type IndexSelection, PayloadIndexes } from './payload/payload-indexes.ts';
export type { IndexedValue } from './payload/value-postings.ts';
export { PointTable } from './points/point-table.ts';
export { examplesOf } from './rows/example-scoring.ts';
export { MultiVectorIndex, type MultiVectorIndexOptions } from './rows/multi-vector-index.ts';
export { type Quantization, quantizationOf } from './rows/row-codes.ts';
export { SparseIndex } from './rows/sparse-index.ts';
export {
  createSegmentBuilder,
  type RunSegmentJob,
  type SegmentBuilder,
  type SegmentBuilderOptions,
} from './segments/segment-builder.ts';
export type { SegmentJob, SegmentResult } from './segments/segment-job.ts';
export { copyVector } from './similarity.ts';
export * from './vector-index.ts';
