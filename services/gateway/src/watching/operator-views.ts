// What operators ask of a peer: metrics, telemetry, issues, slow requests. All of it is what this peer knows: no shard
// of another peer is asked, and nothing waits for NATS; but where replicas differ, they are asked in which points, and
// the issues wait for that for a second at most. Metrics of whole collections (rejected) would make each scrape
// cost a call to every shard, and fail with any.

import { createHash } from 'node:crypto';
import type { CollectionState, MetadataState } from '@tributary/metadata';
import type { CollectionConfig, PeerId, ShardId } from '@tributary/model';
import {
  type ClusterView,
  type CollectionTelemetryView,
  type IssueView,
  type LocalShardTelemetryView,
  type ReportParameters,
  type SlowRequestView,
  writeTelemetry,
} from '@tributary/qdrant-api';
import { type Metrics, processMemory } from '@tributary/runtime';
import type { AppliedTracker } from '../cluster/applied-tracker.ts';
import type { CutComparison } from '../cluster/cut-comparison.ts';
import type { DifferenceSearch } from '../cluster/difference-search.ts';
import type { MetadataSpread } from '../cluster/metadata-spread.ts';
import { statusOfReplica } from '../collections/collection-status.ts';
import type { RequestMeter } from '../limits/request-meter.ts';
import type { Quotas } from '../quotas/quotas.ts';
import type { LocalReplica, LocalReplicas } from '../replicas/local-replicas.ts';
import type { WriteWatch } from '../writes/write-watch.ts';
import type { Issues } from './issues.ts';
import { metricsText } from './metrics-page.ts';
import type { SlowLog } from './slow-log.ts';

export interface OperatorViewsOptions {
  readonly self: PeerId;
  readonly version: string;
  readonly startedAtMs: number;
  readonly metrics: Metrics;
  readonly meter: RequestMeter;
  readonly state: () => MetadataState;
  readonly local: LocalReplicas;
  readonly tracker: AppliedTracker;
  readonly cluster: () => Promise<ClusterView>;
  readonly watch: WriteWatch;
  readonly issues: Issues;
  readonly cuts: Pick<CutComparison, 'differences'>;
  readonly differenceSearch: Pick<DifferenceSearch, 'look'>;
  readonly quotas: Pick<Quotas, 'view'>;
  readonly spread: Pick<MetadataSpread, 'sequenceOf'>;
  /** For how long this peer has been cut off from the log; undefined while it is not. */
  readonly cutOffMs: () => number | undefined;
  /** Absent where slow requests are not looked for. */
  readonly slowLog: SlowLog | undefined;
}

/** As many hexadecimal digits keep names apart and tell nothing of them. */
const HASH_LENGTH = 16;
/** Of a search that takes longer the next who asks sees what it found. */
const LOOK_WITHIN_MS = 1_000;

export class OperatorViews {
  readonly #options: OperatorViewsOptions;

  constructor(options: OperatorViewsOptions) {
    this.#options = options;
  }

  /** In Prometheus' text format. Replicas whose thread is busy for longer than asked are shown as they last were. */
  async metrics({ anonymize, perCollection, timeoutMs }: ReportParameters): Promise<string> {
    const { metrics, local, cluster, state, tracker, ...rest } = this.#options;
    const { cuts, cutOffMs, quotas, spread, differenceSearch: _, ...others } = rest;
    const [view, replicas] = await Promise.all([cluster(), local.all(timeoutMs)]);
    return metricsText({
      ...others,
      metrics,
      state: state(),
      local: replicas,
      differences: cuts.differences(),
      reported: (collection, shard, peer) => tracker.reported(collection, shard, peer),
      metadataSequenceOf: (peer) => spread.sequenceOf(peer),
      isAlive: (peer) => tracker.isAlive(peer),
      cluster: view,
      cutOffMs: cutOffMs(),
      quotas: quotas.view(),
      perCollection,
      shown: anonymize ? hashOf : (name) => name,
    });
  }

  /** JSON text of the telemetry; see `writeTelemetry` for the levels. */
  async telemetry(detailsLevel: number, parameters: ReportParameters): Promise<string> {
    const { self, startedAtMs, version, cluster, local, meter, state } = this.#options;
    const { anonymize, perCollection, timeoutMs } = parameters;
    const [view, replicas] = await Promise.all([cluster(), local.all(timeoutMs)]);
    const infos = new Map(replicas.map((each) => [`${each.collection.id}/${each.shard.id}`, each]));
    const collections = [...state().collections.values()].map((collection) =>
      telemetryOf(collection, self, (shard) => infos.get(`${collection.id}/${shard}`)),
    );
    return writeTelemetry(
      {
        id: `peer-${self}-${startedAtMs}`,
        version,
        startedAtMs,
        collections: anonymize ? collections.map(anonymous) : collections,
        cluster: anonymize ? { ...view, peers: anonymousPeers(view) } : view,
        rest: meter.tallies('rest'),
        grpc: meter.tallies('grpc'),
        ...(perCollection && {
          restByCollection: keyed(meter.talliesByCollection('rest'), anonymize),
          grpcByCollection: keyed(meter.talliesByCollection('grpc'), anonymize),
        }),
        memory: processMemory(),
        quotas: this.#options.quotas.view(),
      },
      detailsLevel,
    );
  }

  async issues(): Promise<IssueView[]> {
    const { issues, local, cuts, differenceSearch } = this.#options;
    const looking = differenceSearch.look(cuts.differences(), LOOK_WITHIN_MS);
    const [facts] = await Promise.all([local.facts(), looking]);
    return issues.list(facts);
  }

  async clearIssues(): Promise<void> {
    this.#options.issues.clear(await this.#options.local.facts());
  }

  /** The newest first. */
  slowRequests(): readonly SlowRequestView[] {
    return this.#options.slowLog?.requests ?? [];
  }
}

function telemetryOf(
  { name, config, shards }: CollectionState,
  self: PeerId,
  replicaOf: (shard: ShardId) => LocalReplica | undefined,
): CollectionTelemetryView {
  const told = [...shards.values()].map(({ id, replicas: states }) => {
    const replica = replicaOf(id);
    return { id, self, replicas: states, ...(replica && { local: localTelemetry(replica) }) };
  });
  return { name, config, shards: told };
}

function localTelemetry({ info }: LocalReplica): LocalShardTelemetryView {
  const { status, optimizerError } = statusOfReplica(info);
  return {
    status,
    ...(optimizerError !== undefined && { optimizerError }),
    appliedSequence: info.appliedSequence,
    pointsCount: info.pointsCount,
    vectorsBytes: info.memoryBytes,
    queuedEntries: info.queuedEntries,
    vectors: Object.entries(info.vectorIndexes).map(([name, index]) => ({ name, ...index })),
  };
}

function anonymous({ name, config, shards }: CollectionTelemetryView): CollectionTelemetryView {
  return {
    name: hashOf(name),
    config: anonymousConfig(config),
    shards: shards.map(({ local, ...shard }) => {
      if (local === undefined) return shard;
      const vectors = local.vectors.map((each) => ({ ...each, name: hashOf(each.name) }));
      return { ...shard, local: { ...local, vectors } };
    }),
  };
}

/** What users named, and what they noted, is left out. */
function anonymousConfig({ metadata: _, ...config }: CollectionConfig): CollectionConfig {
  return {
    ...config,
    vectors: hashedKeys(config.vectors),
    ...(config.sparseVectors && { sparseVectors: hashedKeys(config.sparseVectors) }),
  };
}

function anonymousPeers({ peers }: ClusterView): ClusterView['peers'] {
  return new Map([...peers].map(([id, peer]) => [id, { ...peer, uri: hashOf(peer.uri) }]));
}

function keyed<T>(map: ReadonlyMap<string, T>, anonymize: boolean): ReadonlyMap<string, T> {
  return anonymize ? new Map([...map].map(([name, value]) => [hashOf(name), value])) : map;
}

function hashedKeys<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [hashOf(key), value]));
}

/** The unnamed vector stays unnamed. */
function hashOf(name: string): string {
  if (name === '') return '';
  return createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
}
