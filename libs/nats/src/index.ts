export * from './cluster-streams.ts';
export * from './connection.ts';
export * from './jetstream-metadata-log.ts';
export * from './jetstream-write-streams.ts';
export * from './nats-applied-reports.ts';
export * from './nats-lease-store.ts';
export * from './raft-view.ts';
export * from './server-supervisor.ts';
