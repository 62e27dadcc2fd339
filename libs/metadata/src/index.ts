export * from './aliases.ts';
export * from './cluster-id.ts';
export * from './codec.ts';
export { raiseDue } from './feature-level.ts';
export * from './metadata.ts';
export * from './metadata-event.ts';
export * from './metadata-log.ts';
export * from './metadata-state.ts';
export { isShown, takesReplicas } from './peers.ts';
export * from './reducer.ts';
export * from './replica.ts';
export * from './replica-changes.ts';
export { firstShards } from './shards.ts';
export {
  changeOf,
  refuseVectorCount,
  refuseVectorCreated,
  shapeOfParams,
  VECTOR_NAMES_MAX,
  vectorOf,
} from './vector-names.ts';
