export * from './merge.ts';
export * from './place-replicas.ts';
export * from './replica-order.ts';
export * from './shard-of-point.ts';
export * from './split-operation.ts';
