export * from './batching-appender.ts';
export * from './check-append.ts';
export * from './feature-gate.ts';
export * from './fragments.ts';
export * from './write-stream.ts';
