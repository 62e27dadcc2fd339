export * from './write-stream.ts';
