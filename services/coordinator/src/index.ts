export * from './coordinator.ts';
export * from './cut-writer.ts';
export * from './next-death.ts';
export * from './peer-watch.ts';
