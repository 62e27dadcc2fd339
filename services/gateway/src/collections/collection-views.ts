// What a collection is like just now: counts summed over its shards, and where its replicas are.

import type { CollectionState } from '@tributary/metadata';
import { type PeerId, type ShardId, shardId } from '@tributary/model';
import type {
  CollectionClusterView,
  CollectionView,
  ShardIndexesView,
} from '@tributary/qdrant-api';
import type { ReplicaClient } from '@tributary/replica-api';
import { readShards } from '@tributary/routing';
import type { Clock } from '@tributary/runtime';
import type { ReplicaInfo } from '@tributary/wire';
import { type CutComparison, describeDifference } from '../cluster/cut-comparison.ts';
import { within } from '../cluster/within.ts';
import type { ShardFanOut } from '../replicas/shard-fan-out.ts';
import { statusOf } from './collection-status.ts';

export interface CollectionViewsOptions {
  readonly self: PeerId;
  readonly fanOut: ShardFanOut;
  readonly localReplicas: ReplicaClient;
  readonly cuts: Pick<CutComparison, 'differences'>;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export class CollectionViews {
  readonly #options: CollectionViewsOptions;

  constructor(options: CollectionViewsOptions) {
    this.#options = options;
  }

  /** One readable replica of each shard counts. Errors: `internal` where a shard has none, `timeout`. */
  async info(collection: CollectionState): Promise<CollectionView> {
    const infos = await this.shardInfos(collection);
    return {
      config: collection.config,
      ...(collection.createdAtMs !== undefined && { createdAtMs: collection.createdAtMs }),
      ...statusOf(infos, this.#difference(collection)),
      pointsCount: sum(infos, (info) => info.pointsCount),
      indexedVectorsCount: sum(infos, (info) => info.indexedVectorsCount),
      segmentsCount: sum(infos, (info) => info.segmentsCount),
      // Shards that have not applied the newest entries yet may lack an index that others have.
      payloadSchema: Object.assign({}, ...infos.map((info) => info.payloadSchema)),
      payloadIndexPoints: sumByField(infos.map((info) => info.payloadIndexPoints)),
      updateQueueLength: sum(infos, (info) => info.queuedEntries),
    };
  }

  /** The indexes of one readable replica of each shard. Errors: those of `info`. */
  async indexes(collection: CollectionState): Promise<ShardIndexesView[]> {
    const infos = await this.shardInfos(collection);
    const sparse = new Set(Object.keys(collection.config.sparseVectors ?? {}));
    return readShards(collection).flatMap(({ id: shardId }, i) => {
      // One answer a shard, in the order in which they were asked.
      const info = infos[i];
      if (info === undefined) return [];
      const vectors = Object.entries(info.vectorIndexes).map(([name, index]) => ({
        name,
        ...index,
      }));
      const { payloadIndexBytes, tableBytes } = info;
      return [{ shardId, sparse, vectors, payloadIndexBytes, tableBytes }];
    });
  }

  async shardInfos(collection: CollectionState): Promise<readonly ReplicaInfo[]> {
    const { clock, timeoutMs, fanOut } = this.#options;
    return within(clock, timeoutMs, 'Collection info', (signal) =>
      fanOut.askEach<'info'>(collection, { kind: 'info' }, { signal, combine: first }),
    );
  }

  #difference({ id }: CollectionState): string | undefined {
    const found = this.#options.cuts.differences().find(({ collection }) => collection === id);
    return found && describeDifference(found);
  }

  async cluster(collection: CollectionState): Promise<CollectionClusterView> {
    const { self } = this.#options;
    const placed = [...collection.shards.values()].flatMap((shard) =>
      [...shard.replicas].map(([peerId, state]) => ({ shardId: shard.id, peerId, state })),
    );
    const local = placed.filter(({ peerId }) => peerId === self);
    const counts = await Promise.all(
      local.map((replica) => this.#localPoints(collection, replica.shardId)),
    );
    return {
      peerId: self,
      shardCount: collection.shards.size,
      localShards: local.map(({ shardId: id, state }, i) => {
        return { shardId: id, state, pointsCount: counts[i] ?? 0 };
      }),
      remoteShards: placed.filter(({ peerId }) => peerId !== self),
    };
  }

  /** 0 for a replica that is not open yet. */
  async #localPoints(collection: CollectionState, shard: ShardId): Promise<number> {
    const { clock, timeoutMs, localReplicas } = this.#options;
    const target = { collection: collection.id, shard: shardId(shard) };
    return within(clock, timeoutMs, 'Collection cluster info', async (signal) => {
      const info = await localReplicas.call<'info'>(target, { kind: 'info' }, signal);
      return info.pointsCount;
    }).catch(() => 0);
  }
}

function sum(infos: readonly ReplicaInfo[], count: (info: ReplicaInfo) => number): number {
  return infos.reduce((total, info) => total + count(info), 0);
}

function sumByField(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const totals = new Map<string, number>();
  for (const [field, count] of counts.flatMap(Object.entries<number>)) {
    totals.set(field, (totals.get(field) ?? 0) + count);
  }
  return Object.fromEntries(totals);
}

function first(infos: readonly ReplicaInfo[]): ReplicaInfo {
  const [info] = infos;
  if (info === undefined) throw new RangeError('no answers to combine');
  return info;
}
