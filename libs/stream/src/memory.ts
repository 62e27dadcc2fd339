// Write streams in memory, for unit tests and simulations. Same contract as the real ones (see conformance.ts), and a
// place to inject what the real ones suffer: refused appends, lost answers, holes, purges, a removed stream.
//
// Invariant: `append` changes a log in one synchronous step, so a batch is visible wholly or not at all.

import {
  type CollectionId,
  FIRST_GENERATION,
  type Sequence,
  type ShardId,
  sequence,
} from '@tributary/model';
import { type Clock, systemClock, TributaryError, unreachable } from '@tributary/runtime';
import { checkAppend } from './check-append.ts';
import { MemoryLog, MemoryShardReader } from './memory-log.ts';
import type {
  AppendMessage,
  AppendReceipt,
  DeadLetter,
  ShardHead,
  ShardReader,
  StreamHead,
  StreamMessage,
  WriteStream,
  WriteStreams,
} from './write-stream.ts';

/** What becomes of one try to append: done; refused; written and the answer lost; lost on the way and no answer. */
export type AppendFate = 'ok' | 'unavailable' | 'unknownWritten' | 'unknownLost';

/** Asked at each call; absent means no fault. A promise delays the call. */
export interface MemoryStreamFaults {
  append?(
    collection: CollectionId,
    messages: readonly AppendMessage[],
  ): AppendFate | Promise<AppendFate>;
  /** True makes `next` of a reader fail as `unavailable`. */
  read?(collection: CollectionId, shard: ShardId): boolean | Promise<boolean>;
}

export interface MemoryWriteStreamsOptions {
  readonly clock?: Clock;
  readonly faults?: MemoryStreamFaults;
}

export class MemoryWriteStreams implements WriteStreams {
  readonly #logs = new Map<CollectionId, MemoryLog>();
  readonly #letters = new Map<string, DeadLetter>();
  readonly #clock: Clock;
  readonly #faults: MemoryStreamFaults;

  constructor(options: MemoryWriteStreamsOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#faults = options.faults ?? {};
  }

  async create(collection: CollectionId): Promise<WriteStream> {
    if (!this.#logs.has(collection)) this.#logs.set(collection, new MemoryLog());
    return this.open(collection, FIRST_GENERATION);
  }

  open(collection: CollectionId, generation: number): WriteStream {
    return new MemoryWriteStream({
      collection,
      generation,
      log: () => this.#log(collection),
      clock: this.#clock,
      faults: this.#faults,
    });
  }

  async remove(collection: CollectionId): Promise<void> {
    this.#logs.get(collection)?.wake();
    this.#logs.delete(collection);
  }

  async deadLetter(letter: DeadLetter): Promise<void> {
    const key = `${letter.collection}/${letter.sequence}`;
    if (!this.#letters.has(key)) this.#letters.set(key, letter);
  }

  /** Everything recorded by `deadLetter`, in the order of recording. */
  get deadLetters(): readonly DeadLetter[] {
    return [...this.#letters.values()];
  }

  /**
   * Loses a message as a damaged disk does. A reader that comes to it fails as `corrupt`; where `silent`, it skips the
   * message as a damaged nats-server does, and only the shard's count and the content hashes give it away.
   */
  lose(collection: CollectionId, lost: Sequence, options: { silent?: boolean } = {}): void {
    this.#log(collection).lose(lost, options.silent ?? false);
  }

  #log(collection: CollectionId): MemoryLog {
    const log = this.#logs.get(collection);
    if (!log) throw new TributaryError('not_found', `no write stream of collection ${collection}`);
    return log;
  }
}

interface MemoryWriteStreamOptions {
  readonly collection: CollectionId;
  readonly generation: number;
  readonly log: () => MemoryLog;
  readonly clock: Clock;
  readonly faults: MemoryStreamFaults;
}

class MemoryWriteStream implements WriteStream {
  readonly collection: CollectionId;
  readonly #generation: number;
  readonly #log: () => MemoryLog;
  readonly #clock: Clock;
  readonly #faults: MemoryStreamFaults;

  constructor(options: MemoryWriteStreamOptions) {
    this.collection = options.collection;
    this.#generation = options.generation;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#faults = options.faults;
  }

  async append(messages: readonly AppendMessage[], signal?: AbortSignal): Promise<AppendReceipt> {
    checkAppend(messages);
    if (!this.#isTaken) {
      throw new TributaryError('unavailable', `no subjects of generation ${this.#generation}`);
    }
    if (signal?.aborted) throw new TributaryError('unavailable', 'the append was not begun');
    const fate = (await this.#faults.append?.(this.collection, messages)) ?? 'ok';
    switch (fate) {
      case 'ok':
        return this.#log().append(messages, this.#clock.nowMs());
      case 'unavailable':
        throw new TributaryError('unavailable', 'the write stream refused the append');
      case 'unknownWritten':
        this.#log().append(messages, this.#clock.nowMs());
        throw new TributaryError('unknown_outcome', 'no answer to the append');
      case 'unknownLost':
        throw new TributaryError('unknown_outcome', 'no answer to the append');
      default:
        return unreachable(fate);
    }
  }

  async openReader(shard: ShardId, after: Sequence): Promise<ShardReader> {
    this.#log();
    return new MemoryShardReader({
      log: this.#log,
      clock: this.#clock,
      shard,
      after,
      isFaulty: async () => (await this.#faults.read?.(this.collection, shard)) ?? false,
    });
  }

  /** Like a server whose stream has the subjects of one generation. */
  get #isTaken(): boolean {
    return this.#generation === FIRST_GENERATION;
  }

  async head(): Promise<StreamHead> {
    return this.#log().head();
  }

  async shardHead(shard: ShardId): Promise<ShardHead> {
    const head = this.#log().shardHead(shard);
    return this.#isTaken ? head : { ...head, count: 0, lastSequence: sequence(0) };
  }

  async get(wanted: Sequence): Promise<StreamMessage | undefined> {
    return this.#log().get(wanted);
  }

  async purge(upTo: Sequence): Promise<void> {
    this.#log().purge(upTo);
  }
}
