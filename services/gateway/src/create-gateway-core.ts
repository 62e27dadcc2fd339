// Puts together what both servers of a gateway offer, and owns what that is made of.

import { Embedder } from '@tributary/embedding';
import type { Metadata, MetadataState } from '@tributary/metadata';
import type { PeerId, ResourceUsage } from '@tributary/model';
import { PeerConnection } from '@tributary/peer-link';
import type { ClusterView } from '@tributary/qdrant-api';
import type { AppliedReports, ReplicaClient, ResourceReports } from '@tributary/replica-api';
import type { Clock, Logger, Metrics, Random, Tracer, TributaryError } from '@tributary/runtime';
import type { WriteStreams } from '@tributary/stream';
import { AppliedTracker } from './cluster/applied-tracker.ts';
import { CollectionNames } from './cluster/collection-names.ts';
import { CutComparison } from './cluster/cut-comparison.ts';
import { DifferenceSearch } from './cluster/difference-search.ts';
import { haltedElsewhere } from './cluster/halted-elsewhere.ts';
import { MetadataSpread } from './cluster/metadata-spread.ts';
import { CollectionViews } from './collections/collection-views.ts';
import { Collections } from './collections/collections.ts';
import { VectorNames } from './collections/vector-names.ts';
import { GATEWAY_DEFAULTS, type GatewayConfig } from './gateway-config.ts';
import type { GatewayCore } from './gateway-core.ts';
import { RequestMeter } from './limits/request-meter.ts';
import { Quotas } from './quotas/quotas.ts';
import { PointsReader } from './reads/points-reader.ts';
import type { Guard } from './replicas/breaker.ts';
import { guardedPeer } from './replicas/guarded-peer.ts';
import { LocalReplicas } from './replicas/local-replicas.ts';
import { ReadTokens } from './replicas/read-tokens.ts';
import { type ConnectPeer, PeerDirectory } from './replicas/replica-directory.ts';
import { ShardFanOut } from './replicas/shard-fan-out.ts';
import { StrictMode } from './strict-mode/strict-mode.ts';
import { Issues } from './watching/issues.ts';
import { OperatorViews } from './watching/operator-views.ts';
import { SlowLog } from './watching/slow-log.ts';
import { ApplyWait } from './writes/apply-wait.ts';
import { PointsWriter } from './writes/points-writer.ts';
import { WriteWatch } from './writes/write-watch.ts';

export interface GatewayCoreOptions {
  /** What is left out is as in `GATEWAY_DEFAULTS`. */
  readonly config: Partial<GatewayConfig>;
  readonly self: PeerId;
  readonly metadata: Metadata;
  readonly streams: WriteStreams;
  readonly localReplicas: ReplicaClient;
  /** The same as they are, caught up or not, for metrics and telemetry, which may lag. Default `localReplicas`. */
  readonly observedReplicas?: ReplicaClient;
  readonly reports: AppliedReports;
  readonly resourceReports: ResourceReports;
  /** What this peer uses of its machine just now. */
  readonly measureResources: () => Promise<ResourceUsage>;
  /** The cluster as this peer sees it, with what only the composition root knows. */
  readonly cluster: () => Promise<ClusterView>;
  /** Whether metadata is synced and the local replicas are open and caught up. */
  readonly ready: () => boolean | Promise<boolean>;
  /** For how long this peer has heard nothing of the log, once that is too long; it is then not ready and says so. */
  readonly cutOffMs?: () => number | undefined;
  /** Why this peer answers no request any more, and is not ready; undefined while it does. */
  readonly refusal?: () => TributaryError | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** The way to another peer. Absent: over gRPC, behind a breaker. */
  readonly connectPeer?: ConnectPeer | undefined;
  /** Round every append. Absent: a breaker, which goes by the time of the machine. */
  readonly appendGuard?: Guard | undefined;
}

/** A gateway without its servers. */
export interface OwnedGatewayCore extends AsyncDisposable {
  readonly core: GatewayCore;
  readonly meter: RequestMeter;
  readonly config: GatewayConfig;
}

const WAITERS_MAX = 10_000;
const APPENDS_MAX = 4_096;
const PEER_CALLS_MAX = 4_096;

export function createGatewayCore(options: GatewayCoreOptions): OwnedGatewayCore {
  const config: GatewayConfig = { ...GATEWAY_DEFAULTS, ...options.config };
  const parts = createParts(options, config);
  return {
    core: createCore(options, config, parts),
    meter: parts.meter,
    config,
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  };
}

interface Parts extends AsyncDisposable {
  readonly tracker: AppliedTracker;
  readonly spread: MetadataSpread;
  readonly directory: PeerDirectory;
  readonly names: CollectionNames;
  readonly fanOut: ShardFanOut;
  readonly views: CollectionViews;
  readonly quotas: Quotas;
  readonly strict: StrictMode;
  readonly embedder: Embedder;
  readonly reader: PointsReader;
  readonly writer: PointsWriter;
  readonly cuts: CutComparison;
  readonly vectorNames: VectorNames;
  readonly meter: RequestMeter;
  readonly operators: OperatorViews;
}

function overGrpc({ clock, tracer }: GatewayCoreOptions, callTimeoutMs: number): ConnectPeer {
  return (peer, uri) => {
    const connection = new PeerConnection({ peer, uri, clock, callTimeoutMs, tracer });
    return guardedPeer(connection, `peer ${peer} at ${uri}`, PEER_CALLS_MAX);
  };
}

/** What is known of the cluster, and how its replicas are asked. */
function createCluster(options: GatewayCoreOptions, config: GatewayConfig) {
  const { self, metadata, streams, reports, clock, localReplicas, tracer } = options;
  const { silentAfterMs, searchTimeoutMs, metaTimeoutMs: timeoutMs } = config;
  const tracker = new AppliedTracker({
    self,
    reports,
    clock,
    silentAfterMs,
    waitersMax: WAITERS_MAX,
  });
  const directory = new PeerDirectory({
    self,
    local: localReplicas,
    metadata,
    tracker,
    clock,
    connectPeer: options.connectPeer ?? overGrpc(options, searchTimeoutMs),
  });
  const isAlive = (peer: PeerId) => tracker.isAlive(peer);
  const graceMs = config.applyGraceMs;
  const spread = new MetadataSpread({ self, metadata, reports, isAlive, clock, graceMs });
  const readTokens = new ReadTokens({ tracker, streams, clock });
  const fanOut = new ShardFanOut({ metadata, directory, readTokens, tracer });
  const names = new CollectionNames(metadata, clock);
  const cuts = new CutComparison(reports);
  const views = new CollectionViews({ self, fanOut, localReplicas, cuts, clock, timeoutMs });
  const quotas = new Quotas({
    self,
    metadata,
    reports: options.resourceReports,
    measure: options.measureResources,
    measureEveryMs: config.measureEveryMs,
    clock,
    logger: options.logger,
    metaTimeoutMs: timeoutMs,
  });
  quotas.start();
  const strict = new StrictMode({
    clock,
    shardInfos: (collection) => views.shardInfos(collection),
    revisionOf: (collection) => tracker.revisionOf(collection),
    residentMemoryPercent: (collection) => quotas.residentMemoryPercent(collection),
  });
  return { tracker, spread, cuts, directory, names, fanOut, views, quotas, strict };
}

function createParts(options: GatewayCoreOptions, config: GatewayConfig): Parts {
  const { metadata, streams, clock, random, logger } = options;
  const { searchTimeoutMs, writeTimeoutMs, applyGraceMs, metaTimeoutMs } = config;
  const cluster = createCluster(options, config);
  const { tracker, cuts, directory, names, fanOut, quotas, strict } = cluster;
  const observation = createObservation(options, config, cluster);
  const { slowLog, watch } = observation;
  const embedder = new Embedder();
  const reader = new PointsReader({
    ...{ fanOut, names, embedder, clock, random, searchTimeoutMs, slowLog },
  });
  const writer = new PointsWriter({
    streams,
    metadata,
    names,
    tracker,
    watch,
    applyWait: new ApplyWait({ tracker, metadata, clock, graceMs: applyGraceMs }),
    clock,
    random,
    writeTimeoutMs,
    inFlightMax: APPENDS_MAX,
    appendGuard: options.appendGuard,
    tracer: options.tracer,
    findMissing: (collection, ids, minSequence) => reader.findMissing(collection, ids, minSequence),
  });
  const { abandonedAfterMs } = config;
  const vectorNames = new VectorNames({
    metadata,
    names,
    writer,
    requireSpace: (collection) => quotas.requireSpace(collection),
    clock,
    random,
    logger,
    metaTimeoutMs,
    abandonedAfterMs,
  });
  const subscription = metadata.subscribe((state) => {
    const collections = collectionIds(state);
    tracker.retain(collections);
    cluster.spread.retain(state);
    cuts.retain(state);
    writer.retain(state.collections.values());
    strict.retain(collections);
    observation.meter.forgetGone();
    vectorNames.finishAbandoned();
  });
  return {
    ...cluster,
    ...observation,
    embedder,
    reader,
    writer,
    vectorNames,
    [Symbol.asyncDispose]: async () => {
      subscription[Symbol.dispose]();
      tracker[Symbol.dispose]();
      cluster.spread[Symbol.dispose]();
      cuts[Symbol.dispose]();
      observation.local[Symbol.dispose]();
      observation.differenceSearch[Symbol.dispose]();
      await quotas[Symbol.asyncDispose]();
      // What the one has in work waits for the other.
      await Promise.all([vectorNames[Symbol.asyncDispose](), writer[Symbol.asyncDispose]()]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** What watches the requests, and tells operators of it. */
function createObservation(
  options: GatewayCoreOptions,
  { requestsMax, requestBytesMax, answerBytesMax, slowQueryMs, version }: GatewayConfig,
  {
    directory,
    tracker,
    spread,
    cuts,
    quotas,
  }: Pick<Parts, 'directory' | 'tracker' | 'spread' | 'cuts' | 'quotas'>,
) {
  const { self, metadata, clock, logger, metrics, cluster, localReplicas } = options;
  const state = () => metadata.state;
  const differenceSearch = new DifferenceSearch({ directory, clock, logger });
  const issues = new Issues({
    state,
    clock,
    differences: () => cuts.differences(),
    differingPoints: (difference) => differenceSearch.found(difference),
    haltedElsewhere: () => haltedElsewhere(metadata.state, tracker, self),
  });
  const slowLog =
    slowQueryMs > 0
      ? new SlowLog({
          thresholdMs: slowQueryMs,
          directory,
          clock,
          logger,
          onUnindexed: (collection, conditions) => issues.note(collection, conditions),
        })
      : undefined;
  const meter = new RequestMeter({
    clock,
    requestsMax,
    requestBytesMax,
    answerBytesMax,
    ...(options.refusal && { refusal: options.refusal }),
    collectionNamed: (name) =>
      metadata.state.collections.has(name) ? name : metadata.state.aliases.get(name),
  });
  const watch = new WriteWatch(clock, slowLog);
  const replicas = options.observedReplicas ?? localReplicas;
  const local = new LocalReplicas({ self, metadata, replicas, clock });
  const startedAtMs = clock.nowMs();
  const told = { self, version: version.version, startedAtMs, metrics, state, cluster, tracker };
  const { cutOffMs = () => undefined } = options;
  const operators = new OperatorViews({
    ...told,
    ...{ meter, local, watch, issues, slowLog, cutOffMs, cuts, quotas, spread, differenceSearch },
  });
  return { meter, watch, slowLog, local, differenceSearch, operators };
}

function createCore(options: GatewayCoreOptions, config: GatewayConfig, parts: Parts): GatewayCore {
  const { metadata, streams, clock, random } = options;
  const { names, tracker, spread, views, embedder, reader, writer, vectorNames } = parts;
  const { strict, quotas, operators } = parts;
  const { metaTimeoutMs, replicationFactor, writeConsistencyFactor, version } = config;
  const cutOffMs = options.cutOffMs ?? (() => undefined);
  return {
    version,
    names,
    collections: new Collections({
      metadata,
      names,
      streams,
      tracker,
      spread,
      clock,
      random,
      metaTimeoutMs,
      replicationFactor,
      writeConsistencyFactor,
      withSpace: (peers, replicas) => quotas.withSpace(peers, replicas),
    }),
    views,
    reader,
    writer,
    embedder,
    strict,
    vectorNames,
    quotas,
    cluster: options.cluster,
    isReady: async () => {
      if (options.refusal?.() !== undefined || cutOffMs() !== undefined) return false;
      return options.ready();
    },
    cutOffMs,
    operators,
  };
}

function collectionIds(state: MetadataState) {
  return new Set([...state.collections.values()].map((collection) => collection.id));
}
