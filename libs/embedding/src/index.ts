export * from './embedder.ts';
export * from './embedding-model.ts';
