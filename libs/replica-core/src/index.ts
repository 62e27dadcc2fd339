export { isLarge, type LargeCall } from './answer-steps.ts';
export { createIndexesIn, createIndexFiles } from './create-indexes.ts';
export { Replica, type ReplicaOptions, type ReplicaSurroundings, storeNameOf } from './replica.ts';
export type { ReplicaStatus } from './replica-status.ts';
export type { CreateIndex, IndexFiles } from './replica-vectors.ts';
