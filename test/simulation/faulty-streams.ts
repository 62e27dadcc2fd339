// The write streams as one replica sees them: its server may fail, hang, deliver twice, or have lost messages.

import { type CollectionId, FIRST_GENERATION, type Sequence, type ShardId } from '@tributary/model';
import { type Clock, type Random, TributaryError } from '@tributary/runtime';
import type {
  DeadLetter,
  ReadOptions,
  ShardReader,
  StreamMessage,
  WriteStream,
  WriteStreams,
} from '@tributary/stream';

/** What is wrong at the moment; the world changes it as it goes. */
export interface StreamFaults {
  /** Chance that a call fails. */
  failure: number;
  /** Chance that a read delivers again what it delivered before. */
  duplicate: number;
  /** Chance that a reader falls silent for good; a new one works. */
  hang: number;
  /** Longest delay of a call in milliseconds. */
  slownessMs: number;
  /** Messages that the server has lost: passed over in silence, or reported. */
  readonly lostSilently: Set<Sequence>;
  readonly lostLoudly: Set<Sequence>;
}

export const NO_FAULTS = (): StreamFaults => ({
  failure: 0,
  duplicate: 0,
  hang: 0,
  slownessMs: 0,
  lostSilently: new Set(),
  lostLoudly: new Set(),
});

export interface FaultySurroundings {
  readonly faults: StreamFaults;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of each fault that really happened. */
  readonly occurred: (fault: string) => void;
  /** Told when a reader goes beyond a message without delivering it. */
  readonly skipped: (sequence: Sequence) => void;
}

export class FaultyStreams implements WriteStreams {
  readonly #inner: WriteStreams;
  readonly #around: FaultySurroundings;

  constructor(inner: WriteStreams, around: FaultySurroundings) {
    this.#inner = inner;
    this.#around = around;
  }

  async create(collection: CollectionId): Promise<WriteStream> {
    await this.#inner.create(collection);
    return this.open(collection, FIRST_GENERATION);
  }

  open(collection: CollectionId, generation: number): WriteStream {
    const inner = this.#inner.open(collection, generation);
    const around = this.#around;
    const call = async <T>(work: () => Promise<T>): Promise<T> => {
      await disturb(around);
      return await work();
    };
    return {
      collection,
      append: (messages, signal) => call(() => inner.append(messages, signal)),
      head: () => call(() => inner.head()),
      shardHead: (shard) => call(() => inner.shardHead(shard)),
      get: (at) =>
        call(() => {
          around.occurred('get');
          return inner.get(at);
        }),
      purge: (upTo) => call(() => inner.purge(upTo)),
      openReader: async (shard: ShardId, after: Sequence) => {
        await disturb(around);
        return new FaultyReader(await inner.openReader(shard, after), around);
      },
    };
  }

  async remove(collection: CollectionId): Promise<void> {
    await this.#inner.remove(collection);
  }

  async deadLetter(letter: DeadLetter): Promise<void> {
    await disturb(this.#around);
    await this.#inner.deadLetter(letter);
  }
}

class FaultyReader implements ShardReader {
  readonly #inner: ShardReader;
  readonly #around: FaultySurroundings;
  #isHung = false;
  #before: readonly StreamMessage[] = [];
  #held: readonly StreamMessage[] = [];

  constructor(inner: ShardReader, around: FaultySurroundings) {
    this.#inner = inner;
    this.#around = around;
  }

  async next(options: ReadOptions): Promise<readonly StreamMessage[]> {
    const { faults, random, clock, occurred } = this.#around;
    await disturb(this.#around);
    this.#isHung ||= random.next() < faults.hang;
    if (this.#isHung) {
      occurred('hang');
      await clock.sleep(options.waitMs, options.signal);
      return [];
    }
    const messagesMax = 1 + random.integer(4);
    const messages = this.#healthy(
      this.#held.length > 0 ? this.#held : await this.#inner.next({ ...options, messagesMax }),
    );
    const before = this.#before;
    this.#before = messages;
    if (before.length === 0 || messages.length === 0) return messages;
    if (random.next() >= faults.duplicate) return messages;
    occurred('duplicate');
    return [...before, ...messages];
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What the server still has; what comes after a loss that it noticed is kept for the time after. */
  #healthy(messages: readonly StreamMessage[]): readonly StreamMessage[] {
    const { faults, occurred, skipped } = this.#around;
    const kept: StreamMessage[] = [];
    this.#held = [];
    for (const [index, message] of messages.entries()) {
      if (faults.lostLoudly.has(message.sequence)) {
        occurred('lost loudly');
        this.#held = messages.slice(index);
        if (kept.length > 0) return kept;
        throw new TributaryError('corrupt', `the message at ${message.sequence} is lost`);
      }
      if (faults.lostSilently.has(message.sequence)) {
        occurred('lost silently');
        skipped(message.sequence);
      } else kept.push(message);
    }
    return kept;
  }
}

async function disturb({ faults, clock, random, occurred }: FaultySurroundings): Promise<void> {
  if (faults.slownessMs > 0) {
    occurred('slowness');
    await clock.sleep(random.integer(faults.slownessMs));
  }
  if (random.next() >= faults.failure) return;
  occurred('failure');
  throw new TributaryError('unavailable', 'the simulated server does not answer');
}
