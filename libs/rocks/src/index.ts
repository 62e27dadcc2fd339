export * from './rocks-replica-stores.ts';
