// What is really in META and in the logs, seen through no fault: what everything else is compared with.

import assert from 'node:assert/strict';
import {
  type CollectionState,
  type MetadataLog,
  MetadataReplica,
  type MetadataState,
} from '@tributary/metadata';
import {
  ALL_SHARDS,
  FIRST_GENERATION,
  type Sequence,
  type ShardId,
  type ShardTarget,
  sequence,
} from '@tributary/model';
import { type Clock, seededRandom, silentLogger } from '@tributary/runtime';
import type { MemoryWriteStreams } from '@tributary/stream/memory';
import { decodeEntry, messageLevelOf } from '@tributary/wire';
import { Fold } from '../fold.ts';
import { writeOf } from './steps.ts';

export const COLLECTION = 'things';

/** A part of a write, where it stands in the log. */
export interface Logged {
  readonly at: Sequence;
  readonly target: ShardTarget;
}

export class Truth {
  readonly metadata: MetadataReplica;
  /** Of each shard of the collection. */
  readonly folds = new Map<ShardId, Fold>();
  /** By the number of the write. */
  readonly logged = new Map<number, Logged[]>();
  readonly cuts: Sequence[] = [];
  /** META as it is folded at each sequence. */
  readonly #states = new Map<Sequence, MetadataState>();
  readonly #streams: MemoryWriteStreams;
  #read = 0;
  #looking = Promise.resolve();

  constructor(log: MetadataLog, streams: MemoryWriteStreams, clock: Clock) {
    this.#streams = streams;
    this.metadata = new MetadataReplica({
      ...{ log, clock, random: seededRandom(1), logger: silentLogger },
    });
    this.metadata.subscribe((state) => this.#states.set(state.sequence, state));
  }

  /** Every fold of META is this one at its sequence. */
  checkFold(state: MetadataState, whose: string): void {
    const expected = this.#states.get(state.sequence);
    if (expected !== undefined) assert.deepEqual(state, expected, `META as ${whose} folded it`);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.metadata.run(signal);
  }

  get collection(): CollectionState {
    const found = this.metadata.state.collections.get(COLLECTION);
    assert(found !== undefined, 'the collection is there');
    return found;
  }

  /** The end of the log. */
  get head(): Sequence {
    return sequence(this.#read);
  }

  /** Sequence of the last entry for the shard. */
  headOf(shard: ShardId): number {
    return this.foldOf(shard).lastSequence;
  }

  foldOf(shard: ShardId): Fold {
    let fold = this.folds.get(shard);
    if (fold === undefined) {
      fold = new Fold();
      this.folds.set(shard, fold);
    }
    return fold;
  }

  /** Takes what the log has got since the last look. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { id, shards } = this.collection;
    const stream = this.#streams.open(id, FIRST_GENERATION);
    const { lastSequence } = await stream.head();
    while (this.#read < lastSequence) {
      const message = await stream.get(sequence(this.#read + 1));
      assert(message !== undefined, 'nothing is purged here');
      this.#read = message.sequence;
      const level = messageLevelOf(message.data);
      assert(level <= this.metadata.state.featureLevel, 'an entry is above the feature level');
      const isForShard = (shard: ShardId) =>
        message.shard === shard || message.shard === ALL_SHARDS;
      for (const shard of shards.keys()) if (isForShard(shard)) this.foldOf(shard).take(message);
      const entry = decodeEntry(message.data);
      if (entry.isCut) this.cuts.push(message.sequence);
      for (const operation of entry.operations) {
        const write = writeOf(operation);
        assert(write !== undefined, 'every operation is of a write');
        const logged = this.logged.get(write) ?? [];
        this.logged.set(write, [...logged, { at: message.sequence, target: message.shard }]);
      }
    }
  }
}
