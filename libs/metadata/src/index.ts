export * from './metadata.ts';
export * from './metadata-event.ts';
export * from './metadata-log.ts';
export * from './metadata-state.ts';
