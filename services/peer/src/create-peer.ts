// Puts a peer together: the NATS connection, the metadata, the replicas, the coordinator, the gateway.
//
//   starting ──► serving ──close()──► draining the gateway ──► replicas closed ──► connection closed
//
// What starts later is closed earlier; a failure while starting closes what was started.

import { availableParallelism } from 'node:os';
import { Coordinator, CutWriter } from '@tributary/coordinator';
import { createGateway, type Gateway, type GatewayConfig } from '@tributary/gateway';
import type { Metadata } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';
import {
  type Connection,
  connectNats,
  JetStreamWriteStreams,
  NatsAppliedReports,
  NatsLeaseStore,
  NatsResourceReports,
  raftView,
} from '@tributary/nats';
import { type PeerServer, startPeerServer } from '@tributary/peer-link';
import {
  createReplicaHost,
  FreshnessGuard,
  type ReplicaHost,
  replicasAskedBy,
  tracedReplicas,
} from '@tributary/replica';
import type { AppliedReports } from '@tributary/replica-api';
import {
  abortable,
  type Clock,
  collectWhenIdle,
  counter,
  createMetrics,
  gauge,
  type Logger,
  type LogLevel,
  type Metrics,
  processFamilies,
  type Random,
  startDeadline,
  type Tracer,
  watchEventLoopDelay,
} from '@tributary/runtime';
import { gatedStreams, type WriteStreams } from '@tributary/stream';
import { Background } from './background.ts';
import { checkPorts } from './check-ports.ts';
import { ClusterStatus } from './cluster-status.ts';
import type { PeerConfiguration } from './configuration.ts';
import { type ClusterMetadata, createClusterMetadata } from './create-cluster-metadata.ts';
import { createNatsSource, type NatsSource } from './create-nats-source.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { DiskUsage, registerDiskUsage } from './disk-usage.ts';
import { runHeartbeat } from './heartbeat.ts';
import { becomeNormal, joinCluster, mutedBy, removalOf, watchMembership } from './membership.ts';
import { resourceUsage } from './resource-usage.ts';
import { startTracing } from './tracing/start-tracing.ts';
import { API_VERSION, commitOfCheckout, VERSION } from './version.ts';

export interface PeerOptions {
  readonly configuration: PeerConfiguration;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For the threads, which have loggers of their own. */
  readonly logLevel: LogLevel;
  /** Gives the start up; without effect on a peer that has started. */
  readonly signal: AbortSignal;
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
  const { storage, cluster } = configuration;
  const folder = starting.use(
    await openDataFolder({
      path: storage.storage_path,
      random,
      ...(cluster.peer_id === undefined ? {} : { peer: cluster.peer_id }),
    }),
  );
  await checkPorts(configuration);
  const source = starting.use(await createNatsSource({ ...options, folder: folder.path }));
  const name = `tributary peer ${folder.peer}`;
  const { signal } = options;
  const { urls } = source;
  const connection = starting.use(await connectNats({ urls, name, logger, clock, signal }));
  const background = starting.use(new Background(logger));
  starting.use(collectWhenIdle());
  const tracer = await startTracing(options.configuration.tracing, folder.peer, logger);
  if (tracer !== undefined) starting.use(tracer);
  const foundation = { ...options, folder, source, connection, background, tracer };
  const { gateway, server } = await startServices(foundation, starting);
  const owned = starting.move();
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    await gateway.drain();
    background.stop();
    await owned.disposeAsync();
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return {
    id: folder.peer,
    httpPort: gateway.httpPort,
    grpcPort: gateway.grpcPort,
    p2pPort: server.port,
    failed: background.failed,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What the services of a peer stand on. */
interface Foundation extends PeerOptions {
  readonly folder: DataFolder;
  readonly source: NatsSource;
  readonly connection: Connection;
  readonly background: Background;
  readonly tracer: Tracer | undefined;
}

async function startServices(
  foundation: Foundation,
  owner: AsyncDisposableStack,
): Promise<{ gateway: Gateway; server: PeerServer }> {
  const { configuration, clock, random, logger, folder, source, connection } = foundation;
  const { cluster: settings, service } = configuration;
  const { background, tracer } = foundation;
  const { peer: self } = folder;
  const { signal } = background;
  const given = AbortSignal.any([signal, foundation.signal]);
  using deadline = startDeadline(clock, START_WITHIN_MS, given, 'the start of the peer');
  const cluster = owner.use(
    createClusterMetadata({
      connection,
      replicas: source.replicas,
      folder,
      compactEvents: settings.consensus.compact_wal_entries || Number.POSITIVE_INFINITY,
      clock,
      random,
      logger,
      signal,
    }),
  );
  const { metadata } = cluster;
  background.run('metadata', cluster.following);
  if (!cluster.remembers) await abortable(cluster.entered, deadline.signal);

  const member = { metadata, self, path: folder.path };
  const { removed } = owner.use(watchMembership(member, logger));
  const reports = mutedBy(removed, new NatsAppliedReports(connection));
  const replicas = owner.use(startReplicas(foundation, metadata, reports));
  const guarded = new FreshnessGuard(replicas, clock);
  background.run('freshness guard', guarded.run(signal));
  const server = owner.use(await startPeerPort(foundation, metadata, guarded));
  const uri = settings.uri ?? `http://${service.host}:${server.port}`;
  const joined = cluster.entered.then(() => joinCluster({ ...member, uri }, signal));
  background.run('joining', joined);
  if (!cluster.remembers) await abortable(joined, deadline.signal);
  background.run('replicas', replicas.run(signal));
  const whileMember = AbortSignal.any([signal, removed]);
  const heartbeat = { ...foundation, peer: self, natsUrls: source.urls };
  background.run('heartbeat', runHeartbeat(heartbeat, whileMember));

  const streams = openStreams(foundation, metadata);
  const coordinator = startCoordinator(foundation, { metadata, reports, streams, whileMember });
  const raft = () => raftView(connection, source);
  const status = owner.use(new ClusterStatus({ self, metadata, coordinator, raft, clock }));
  const gateway = owner.use(
    await createGateway({
      config: gatewayConfig(configuration),
      self,
      metadata,
      streams,
      localReplicas: tracer === undefined ? guarded : tracedReplicas(guarded, tracer),
      observedReplicas: replicas.client,
      reports,
      resourceReports: mutedBy(removed, new NatsResourceReports(connection)),
      measureResources: () => resourceUsage(folder.path),
      cluster: () => status.view(),
      refusal: () => removalOf(metadata, self),
      ready: readiness(cluster, self, replicas),
      cutOffMs: () => cutOffMsOf(connection, settings.dead_after_sec),
      clock,
      random,
      logger: logger.child({ part: 'gateway' }),
      metrics: peerMetrics(foundation, owner),
      tracer,
    }),
  );
  const serving = joined.then(() => becomeNormal(member, signal));
  background.run('becoming normal', serving);
  if (!cluster.remembers) await abortable(serving, deadline.signal);
  return { gateway, server };
}

/** The port at which the other peers ask this one. */
function startPeerPort(
  { configuration, folder, source, tracer, clock, logger }: Foundation,
  metadata: Metadata,
  replicas: FreshnessGuard,
): Promise<PeerServer> {
  const { service, cluster } = configuration;
  const introduce = () => {
    const removal = removalOf(metadata, folder.peer);
    if (removal !== undefined) throw removal;
    return { peer: folder.peer, version: VERSION, natsUrls: source.urls };
  };
  return startPeerServer({
    host: service.host,
    port: cluster.p2p.port,
    handlers: {
      replicas,
      ...(tracer && { replicasWithin: replicasAskedBy(replicas, tracer) }),
      introduce,
    },
    clock,
    logger: logger.child({ part: 'p2p' }),
  });
}

/** The streams for writers: nothing goes into them that a peer of the cluster does not know. */
function openStreams({ connection, source, random }: Foundation, metadata: Metadata): WriteStreams {
  const streams = new JetStreamWriteStreams({ connection, replicas: source.replicas, random });
  return gatedStreams(streams, () => metadata.state.featureLevel);
}

/** For how long the peer has been cut off from the log; undefined while the others take it for alive. */
function cutOffMsOf({ disconnectedMs }: Connection, deadAfterSec: number): number | undefined {
  return disconnectedMs < deadAfterSec * 1_000 ? undefined : disconnectedMs;
}

interface Shared {
  readonly metadata: Metadata;
  readonly reports: AppliedReports;
  readonly streams: WriteStreams;
  /** Aborts when the peer stops, or the cluster has removed it. */
  readonly whileMember: AbortSignal;
}

function startCoordinator(
  { configuration, folder, connection, background, clock, random, logger }: Foundation,
  { metadata, reports, streams, whileMember }: Shared,
): Coordinator {
  const coordinator = new Coordinator({
    self: folder.peer,
    metadata,
    leases: new NatsLeaseStore(connection),
    reports,
    clock,
    random,
    logger: logger.child({ part: 'coordinator' }),
    deadAfterMs: configuration.cluster.dead_after_sec * 1_000,
  });
  background.run('coordinator', coordinator.run(whileMember));
  const cuts = new CutWriter({
    metadata,
    reports,
    streams,
    isLeading: () => coordinator.isLeading,
    clock,
    random,
    logger: logger.child({ part: 'cuts' }),
    intervalMs: configuration.cluster.cut_interval_sec * 1_000,
  });
  background.run('cuts', cuts.run(whileMember));
  return coordinator;
}

function startReplicas(
  { configuration, folder, source, logger, logLevel, tracer }: Foundation,
  metadata: Metadata,
  reports: AppliedReports,
): ReplicaHost {
  return createReplicaHost({
    peer: folder.peer,
    metadata,
    reports,
    dataFolder: folder.path,
    natsUrls: source.urls,
    natsReplicas: source.replicas,
    workers: configuration.replica.workers ?? Math.max(1, availableParallelism() >> 1),
    logger: logger.child({ part: 'replicas' }),
    logLevel,
    tracer,
  });
}

function peerMetrics(
  { configuration, connection, folder, clock }: Foundation,
  owner: AsyncDisposableStack,
): Metrics {
  const prefix = configuration.service.metrics_prefix;
  const metrics = createMetrics({ prefix });
  metrics.register(processFamilies);
  owner.use(watchEventLoopDelay(metrics));
  registerDiskUsage(metrics, new DiskUsage({ folder: folder.path, clock }));
  metrics.register(() => [
    gauge(
      'tributary_nats_connected',
      'Whether this peer is connected to a nats-server',
      connection.isConnected ? 1 : 0,
    ),
    counter(
      'tributary_nats_connections_total',
      'Connections made to a nats-server since the start, the first included',
      connection.connections,
    ),
  ]);
  return metrics;
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
    slowQueryMs: service.slow_query_secs * 1_000,
    ...(service.metrics_port !== undefined && { metricsPort: service.metrics_port }),
    replicationFactor: storage.collection.replication_factor,
    writeConsistencyFactor: storage.collection.write_consistency_factor,
    version: { version: API_VERSION, commit: commitOfCheckout() },
  };
}

/**
 * Ready once every replica placed here is open and caught up, and then for good: later ones are only behind for a
 * while. While the cluster has no leader no one can write, and what is open answers reads: that is ready as well.
 */
function readiness(cluster: ClusterMetadata, self: PeerId, replicas: ReplicaHost): () => boolean {
  let hasEntered = false;
  cluster.entered.then(
    () => {
      hasEntered = true;
    },
    () => {},
  );
  let wasReady = false;
  return () => {
    if (wasReady) return true;
    const { peers } = cluster.metadata.state;
    if ((peers.get(self)?.state ?? 'joining') === 'joining') return false;
    const placed = [...cluster.metadata.state.collections.values()]
      .flatMap((collection) => [...collection.shards.values()])
      .filter((shard) => shard.replicas.has(self)).length;
    const open = replicas.statuses;
    const isCurrent = open.every(({ caughtUp, halted }) => caughtUp || halted !== undefined);
    wasReady = open.length >= placed && (isCurrent || !hasEntered);
    return wasReady;
  };
}
