export { isLarge, type LargeCall } from './answer-steps.ts';
export { createIndexesIn, createIndexFiles } from './create-indexes.ts';
export { type OpenedReplica, type OpenReplicaOptions, openReplica } from './open-replica.ts';
export {
  Replica,
  type ReplicaOptions,
  type ReplicaScan,
  type ReplicaSurroundings,
  storeNameOf,
} from './replica.ts';
export type { ReplicaStatus } from './replica-status.ts';
export type { CreateIndex, IndexFiles } from './replica-vectors.ts';
