export * from './merge.ts';
export * from './merge-facets.ts';
export * from './place-replicas.ts';
export * from './read-agreement.ts';
export * from './replica-order.ts';
export {
  groupSteps,
  readShards,
  shardOfPoint,
  stateOf,
  writtenShards,
} from './shard-map.ts';
export * from './split-operation.ts';
