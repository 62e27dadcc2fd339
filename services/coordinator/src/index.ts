export * from './coordinator.ts';
export * from './cut-writer.ts';
export * from './deaths.ts';
export * from './peer-watch.ts';
