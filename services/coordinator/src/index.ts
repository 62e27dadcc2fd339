export * from './coordinator.ts';
export * from './next-death.ts';
export * from './peer-watch.ts';
