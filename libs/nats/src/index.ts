export * from './cluster-streams.ts';
export * from './connection.ts';
export * from './jetstream-write-streams.ts';
export * from './server-supervisor.ts';
