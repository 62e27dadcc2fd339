// Collections in memory behind a points reader, without servers, streams or a cluster: one peer has every shard.

import { Embedder } from '@tributary/embedding';
import type { CollectionState, Metadata, MetadataState } from '@tributary/metadata';
import { EMPTY_METADATA } from '@tributary/metadata';
import type { CollectionConfig, PointOperation } from '@tributary/model';
import type { CallOf, ReplicaClient } from '@tributary/replica-api';
import type { OpenedReplica } from '@tributary/replica-core';
import { splitOperation } from '@tributary/routing';
import { seededRandom, systemClock } from '@tributary/runtime';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import {
  encodeEntry,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';
import { AppliedTracker } from '../cluster/applied-tracker.ts';
import { CollectionNames } from '../cluster/collection-names.ts';
import { PointsReader } from '../reads/points-reader.ts';
import { ReadTokens } from '../replicas/read-tokens.ts';
import { ShardFanOut } from '../replicas/shard-fan-out.ts';
import { SlowLog, type SlowLogOptions } from '../watching/slow-log.ts';
import { memoryCollection, ONLY_PEER } from './memory-collection.ts';
import { MemoryReplicas } from './memory-replicas.ts';
import { MemoryReports } from './memory-reports.ts';

export class MemoryShards implements AsyncDisposable {
  readonly reader: PointsReader;
  /** Of its one peer. */
  readonly client: ReplicaClient = { call: (target, call) => this.#answer(target, call) };
  readonly #collections = new Map<string, CollectionState>();
  readonly #streams = new MemoryWriteStreams();
  readonly #replicas = new MemoryReplicas(this.#streams);
  /** By shard of a collection. */
  readonly #opened = new Map<string, OpenedReplica>();
  readonly #tracker: AppliedTracker;
  #operations = 0;
  /** Kinds of the calls made, one a shard asked. */
  readonly calls: ReplicaCallKind[] = [];

  constructor(seed = 1, slow?: Omit<SlowLogOptions, 'directory'>) {
    const metadata = this.#metadata();
    this.#tracker = new AppliedTracker({
      self: ONLY_PEER,
      reports: new MemoryReports(),
      clock: systemClock,
      silentAfterMs: 1_000,
      waitersMax: 10,
    });
    const directory = { self: ONLY_PEER, at: () => this.client, isReachable: () => true };
    const fanOut = new ShardFanOut({
      metadata,
      directory,
      readTokens: new ReadTokens({
        tracker: this.#tracker,
        streams: this.#streams,
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

  async create(name: string, config: Partial<CollectionConfig>): Promise<CollectionState> {
    const collection = memoryCollection(name, config);
    await this.#streams.create(collection.id);
    for (const { id } of collection.shards.values()) {
      const replica = await this.#replicas.open(collection, id);
      await replica.catchUp();
      this.#opened.set(`${collection.id}/${id}`, replica);
    }
    this.#collections.set(name, collection);
    return collection;
  }

  /** Resolves once every replica has applied it. */
  async apply({ id, shardMap }: CollectionState, operation: PointOperation): Promise<void> {
    const operationId = String(this.#operations++);
    const messages = splitOperation(operation, shardMap).map(({ shard, operations }, i) => {
      const entry = { operationId: `${operationId}.${i}`, timeMs: systemClock.nowMs(), operations };
      return { shard, messageId: entry.operationId, data: encodeEntry(entry) };
    });
    if (messages.length === 0) return;
    await this.#streams.open(id, shardMap.generation).append(messages);
    await Promise.all([...this.#opened.values()].map((replica) => replica.catchUp()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tracker[Symbol.dispose]();
    await this.#replicas[Symbol.asyncDispose]();
  }

  async #answer<K extends ReplicaCallKind>(
    { collection, shard }: ReplicaAddress,
    call: CallOf<K>,
  ): Promise<ReplicaAnswers[K]> {
    this.calls.push(call.kind);
    const replica = this.#opened.get(`${collection}/${shard}`);
    if (replica === undefined) throw new Error(`no replica ${collection}/${shard}`);
    return replica.call(call);
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
