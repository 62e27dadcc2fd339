export { type FileOutcome, runFile } from '../test-runner/run-file.ts';
export * from './number-flag.ts';
export * from './peer-process.ts';
export * from './process-cluster.ts';
export * from './tcp-proxy.ts';
