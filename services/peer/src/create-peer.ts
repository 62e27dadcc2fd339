// Puts a peer together: the NATS connection, the metadata, the replicas, the coordinator, the gateway.
//
//   starting ──► serving ──close()──► draining the gateway ──► replicas closed ──► connection closed
//
// What starts later is closed earlier; a failure while starting closes what was started.

import { availableParallelism } from 'node:os';
import { Coordinator } from '@tributary/coordinator';
import { createGateway, type GatewayConfig } from '@tributary/gateway';
import { type Metadata, MetadataReplica } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';
import {
  connectNats,
  ensureClusterStreams,
  JetStreamMetadataLog,
  JetStreamWriteStreams,
  NatsAppliedReports,
  NatsLeaseStore,
} from '@tributary/nats';
import { createReplicaHost, type ReplicaHost, startPeerServer } from '@tributary/replica';
import {
  type Clock,
  createMetrics,
  type Logger,
  type LogLevel,
  type Random,
  startDeadline,
  TributaryError,
} from '@tributary/runtime';
import { ClusterStatus } from './cluster-status.ts';
import type { PeerConfiguration } from './configuration.ts';
import { createNatsSource } from './create-nats-source.ts';
import { openDataFolder } from './data-folder.ts';
import { joinCluster } from './membership.ts';
import { API_VERSION, commitOfCheckout, VERSION } from './version.ts';

export interface PeerOptions {
  readonly configuration: PeerConfiguration;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For the threads, which have loggers of their own. */
  readonly logLevel: LogLevel;
}

export interface Peer extends AsyncDisposable {
  readonly id: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly p2pPort: number;
  /** Rejects when a part of the peer ends that must not; the process is then to stop. */
  readonly failed: Promise<never>;
  /** Stops taking requests, finishes those in flight, closes everything. Idempotent. */
  close(): Promise<void>;
}

const START_WITHIN_MS = 60_000;
const MEBIBYTE = 1024 * 1024;

/** Errors: `bad_request`, `precondition_failed` and `unavailable`, each with a line that says what to do. */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  await using starting = new AsyncDisposableStack();
  const { configuration, clock, random, logger } = options;
  const { storage, cluster, service } = configuration;
  const stopping = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  using deadline = startDeadline(clock, START_WITHIN_MS, undefined, 'the start of the peer');
  const background = (name: string, work: Promise<void>) => {
    work.catch((error) => {
      logger.error({ error, part: name }, 'a part of the peer failed');
      failure.reject(error);
    });
    starting.defer(() => work.catch(() => {}));
  };

  const folder = starting.use(
    openDataFolder({
      path: storage.storage_path,
      random,
      ...(cluster.peer_id === undefined ? {} : { peer: cluster.peer_id }),
    }),
  );
  const self = folder.peer;
  const source = starting.use(await createNatsSource({ ...options, folder: folder.path }));
  const connection = starting.use(
    await connectNats({ urls: source.urls, name: `tributary peer ${self}`, logger, clock }),
  );
  await ensureClusterStreams(connection, { replicas: source.replicas, signal: deadline.signal });

  const metadata = new MetadataReplica({
    log: new JetStreamMetadataLog(connection),
    clock,
    random,
    logger: logger.child({ part: 'metadata' }),
    compactEvents: cluster.consensus.compact_wal_entries || Number.POSITIVE_INFINITY,
  });
  background('metadata', metadata.run(stopping.signal));
  await metadata.sync(deadline.signal);

  const reports = new NatsAppliedReports(connection);
  const replicas = starting.use(
    createReplicaHost({
      peer: self,
      metadata,
      reports,
      dataFolder: folder.path,
      natsUrls: source.urls,
      natsReplicas: source.replicas,
      workers: configuration.replica.workers ?? Math.max(1, availableParallelism() >> 1),
      logger: logger.child({ part: 'replicas' }),
      logLevel: options.logLevel,
    }),
  );
  const server = starting.use(
    await startPeerServer({
      host: service.host,
      port: cluster.p2p.port,
      handlers: {
        replicas: replicas.client,
        introduce: () => ({ peer: self, version: VERSION, natsUrls: source.urls }),
      },
      clock,
      logger: logger.child({ part: 'p2p' }),
    }),
  );
  const uri = cluster.uri ?? `http://${service.host}:${server.port}`;
  await joinCluster({ metadata, self, uri, version: VERSION }, deadline.signal);
  background('replicas', replicas.run(stopping.signal));

  const coordinator = new Coordinator({
    self,
    metadata,
    leases: new NatsLeaseStore(connection),
    reports,
    clock,
    random,
    logger: logger.child({ part: 'coordinator' }),
    deadAfterMs: cluster.dead_after_sec * 1_000,
  });
  background('coordinator', coordinator.run(stopping.signal));

  const status = starting.use(
    new ClusterStatus({ self, metadata, coordinator, connection, clock }),
  );
  const gateway = starting.use(
    await createGateway({
      config: gatewayConfig(configuration),
      self,
      metadata,
      streams: new JetStreamWriteStreams({ connection, replicas: source.replicas, random }),
      localReplicas: replicas.client,
      reports,
      cluster: async () => status.view(),
      ready: readiness(self, metadata, replicas),
      clock,
      random,
      logger: logger.child({ part: 'gateway' }),
      metrics: createMetrics({ processMetrics: true }),
    }),
  );
  const owned = starting.move();
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    await gateway.drain();
    stopping.abort(new TributaryError('cancelled', 'the peer stops'));
    await owned.disposeAsync();
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return {
    id: self,
    httpPort: gateway.httpPort,
    grpcPort: gateway.grpcPort,
    p2pPort: server.port,
    failed: failure.promise,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function gatewayConfig(configuration: PeerConfiguration): Partial<GatewayConfig> {
  const { service, storage } = configuration;
  return {
    host: service.host,
    httpPort: service.http_port,
    grpcPort: service.grpc_port,
    enableCors: service.enable_cors,
    maxRequestBytes: Math.floor(service.max_request_size_mb * MEBIBYTE),
    searchTimeoutMs: storage.performance.search_timeout_sec * 1_000,
    replicationFactor: storage.collection.replication_factor,
    writeConsistencyFactor: storage.collection.write_consistency_factor,
    version: { version: API_VERSION, commit: commitOfCheckout() },
  };
}

/** Ready once every replica placed here was caught up, and then for good: later ones are only behind for a while. */
function readiness(self: PeerId, metadata: Metadata, replicas: ReplicaHost): () => boolean {
  let wasReady = false;
  return () => {
    if (wasReady) return true;
    const placed = [...metadata.state.collections.values()]
      .flatMap((collection) => collection.shards)
      .filter((shard) => shard.replicas.has(self)).length;
    const settled = replicas.statuses.filter(({ caughtUp, halted }) => caughtUp || halted);
    wasReady = settled.length >= placed;
    return wasReady;
  };
}
