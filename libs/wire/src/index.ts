export * from './answer-codec.ts';
export * from './call-codec.ts';
export * from './entry-codec.ts';
export { FILTER_DEPTH_MAX } from './json-field.ts';
export * from './messages.ts';
export { operationBytes, vectorsUpdateBytes } from './operation-codec.ts';
export { pointBytes } from './point-codec.ts';
export * from './report-codec.ts';
export * from './resource-report-codec.ts';
