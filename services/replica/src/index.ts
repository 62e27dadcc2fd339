export { type CreateReplicaHostOptions, createReplicaHost } from './create-replica-host.ts';
export { FreshnessGuard } from './freshness-guard.ts';
export { type PeerServer, type PeerServerOptions, startPeerServer } from './peer-server.ts';
export { Replica, type ReplicaOptions, type ReplicaSurroundings, storeNameOf } from './replica.ts';
export { ReplicaHost, type ReplicaHostOptions } from './replica-host.ts';
export type { CreateIndex } from './replica-vectors.ts';
export { ReplicaWorker, type ReplicaWorkerOptions } from './replica-worker.ts';
export type { StartWorker, WorkerEvents, WorkerProcess } from './worker-link.ts';
export type { FromWorker, ReplicaStatus, ToWorker, WorkerPort } from './worker-protocol.ts';
