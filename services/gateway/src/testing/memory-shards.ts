// Collections in memory behind a points reader, without servers, streams or a cluster: one peer has every shard.

import { Embedder } from '@tributary/embedding';
import type { CollectionState, Metadata, MetadataState } from '@tributary/metadata';
import { EMPTY_METADATA, firstShards } from '@tributary/metadata';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  type PointOperation,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import type { CallOf, ReplicaClient } from '@tributary/replica-api';
import { splitOperation, writtenShards } from '@tributary/routing';
import { seededRandom, systemClock } from '@tributary/runtime';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import type { ReplicaAddress, ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';
import { AppliedTracker } from '../cluster/applied-tracker.ts';
import { CollectionNames } from '../cluster/collection-names.ts';
import { PointsReader } from '../reads/points-reader.ts';
import { ReadTokens } from '../replicas/read-tokens.ts';
import { ShardFanOut } from '../replicas/shard-fan-out.ts';
import { SlowLog, type SlowLogOptions } from '../watching/slow-log.ts';
import { answerFromMemory } from './memory-answers.ts';
import { MemoryReplica } from './memory-replica.ts';
import { MemoryReports } from './memory-reports.ts';

const SELF = peerId(1);

export class MemoryShards implements Disposable {
  readonly reader: PointsReader;
  readonly #collections = new Map<string, CollectionState>();
  readonly #replicas = new Map<string, MemoryReplica>();
  readonly #tracker: AppliedTracker;
  #sequence = 0;
  /** Kinds of the calls made, one a shard asked. */
  readonly calls: ReplicaCallKind[] = [];

  constructor(seed = 1, slow?: Omit<SlowLogOptions, 'directory'>) {
    const metadata = this.#metadata();
    this.#tracker = new AppliedTracker({
      self: SELF,
      reports: new MemoryReports(),
      clock: systemClock,
      silentAfterMs: 1_000,
      waitersMax: 10,
    });
    const client: ReplicaClient = { call: (target, call) => this.#answer(target, call) };
    const directory = { self: SELF, at: () => client, isReachable: () => true };
    const fanOut = new ShardFanOut({
      metadata,
      directory,
      readTokens: new ReadTokens({
        tracker: this.#tracker,
        streams: new MemoryWriteStreams(),
        clock: systemClock,
      }),
    });
    this.reader = new PointsReader({
      embedder: new Embedder(),
      fanOut,
      names: new CollectionNames(metadata, systemClock),
      clock: systemClock,
      random: seededRandom(seed),
      searchTimeoutMs: 5_000,
      slowLog: slow && new SlowLog({ ...slow, directory }),
    });
  }

  create(name: string, config: Partial<CollectionConfig>): CollectionState {
    const shardNumber = config.shardNumber ?? 1;
    const collection: CollectionState = {
      id: collectionId(name),
      name,
      config: { ...COLLECTION_DEFAULTS, vectors: {}, ...config },
      createdVectors: { vectors: {} },
      vectorNames: {},
      ...firstShards(
        Array.from({ length: shardNumber }, (_, i) => {
          return { id: shardId(i), replicas: new Map([[SELF, 'Active']]) };
        }),
      ),
    };
    this.#collections.set(name, collection);
    for (const { id } of collection.shards.values()) {
      this.#replicas.set(`${name}/${id}`, new MemoryReplica(collection));
    }
    return collection;
  }

  apply(collection: CollectionState, operation: PointOperation): void {
    this.#sequence++;
    for (const { shard, operations } of splitOperation(operation, collection.shardMap)) {
      for (const each of writtenShards(collection.shardMap, [shard])) {
        this.#replicas.get(`${collection.id}/${each}`)?.apply(sequence(this.#sequence), operations);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#tracker[Symbol.dispose]();
  }

  async #answer<K extends ReplicaCallKind>(
    { collection, shard }: ReplicaAddress,
    call: CallOf<K>,
  ): Promise<ReplicaAnswers[K]> {
    this.calls.push(call.kind);
    const replica = this.#replicas.get(`${collection}/${shard}`);
    if (replica === undefined) throw new Error(`no replica ${collection}/${shard}`);
    return answerFromMemory<K>(replica, call);
  }

  #metadata(): Metadata {
    const state = (): MetadataState => ({ ...EMPTY_METADATA, collections: this.#collections });
    return {
      get state() {
        return state();
      },
      sync: async () => state(),
      waitFor: async () => state(),
      propose: async () => state(),
      subscribe: () => ({ [Symbol.dispose]: () => {} }),
    };
  }
}
