export {
  type CreateVectorIndexOptions,
  createVectorIndex,
  defaultTailVectorsMax,
} from './create-vector-index.ts';
export { countOfSet } from './exact-scan.ts';
export { PointTable } from './point-table.ts';
export {
  createSegmentBuilder,
  type RunSegmentJob,
  type SegmentBuilder,
  type SegmentBuilderOptions,
} from './segment-builder.ts';
export type { SegmentJob, SegmentResult } from './segment-job.ts';
export * from './vector-index.ts';
