export { type CreateReplicaHostOptions, createReplicaHost } from './create-replica-host.ts';
export { FreshnessGuard } from './freshness-guard.ts';
export { ReplicaHost, type ReplicaHostOptions } from './replica-host.ts';
export { ReplicaWorker, type ReplicaWorkerOptions } from './replica-worker.ts';
export { replicasAskedBy, tracedReplicas } from './traced-replicas.ts';
export type { StartWorker, WorkerEvents, WorkerProcess } from './worker-link.ts';
export {
  type FromWorker,
  requestOf,
  type ToWorker,
  WORKER_METHOD,
  type WorkerPort,
} from './worker-protocol.ts';
