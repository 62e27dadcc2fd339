// The log behind a stream in memory, and its reader.
//
// Invariant: messages[i] stands at sequence firstSequence + i; a lost one leaves an undefined in its place.

import {
  ALL_SHARDS,
  type Sequence,
  type ShardId,
  type ShardTarget,
  sequence,
} from '@tributary/model';
import { type Clock, TributaryError } from '@tributary/runtime';
import type {
  AppendMessage,
  AppendReceipt,
  ReadOptions,
  ShardHead,
  ShardReader,
  StreamHead,
  StreamMessage,
} from './write-stream.ts';

export class MemoryLog {
  firstSequence = 1;
  #messages: (StreamMessage | undefined)[] = [];
  readonly #sequenceOfId = new Map<string, Sequence>();
  readonly #targetOfHole = new Map<number, ShardTarget>();
  readonly #lastOfTarget = new Map<ShardTarget, Sequence>();
  #change = Promise.withResolvers<void>();

  get lastSequence(): number {
    return this.firstSequence + this.#messages.length - 1;
  }

  get bytes(): number {
    return this.#messages.reduce((sum, message) => sum + (message?.data.length ?? 0), 0);
  }

  append(messages: readonly AppendMessage[], timeMs: number): AppendReceipt {
    const known = messages.map((message) => this.#sequenceOfId.get(message.messageId));
    const lastKnown = known.at(-1);
    if (lastKnown !== undefined) return { sequence: lastKnown, duplicate: true };
    if (known.some((at) => at !== undefined)) {
      throw new TributaryError('unavailable', 'some messages of the append are already written');
    }
    for (const { shard, data, messageId, traceparents } of messages) {
      const at = sequence(this.lastSequence + 1);
      const traces = traceparents && { traceparents };
      this.#messages.push({ sequence: at, shard, data: data.slice(), timeMs, ...traces });
      this.#sequenceOfId.set(messageId, at);
      this.#lastOfTarget.set(shard, at);
    }
    this.wake();
    return { sequence: sequence(this.lastSequence), duplicate: false };
  }

  get(wanted: number): StreamMessage | undefined {
    return this.#messages[wanted - this.firstSequence];
  }

  /** Target of a message that was lost loudly; undefined where nothing was lost at this sequence. */
  holeAt(wanted: number): ShardTarget | undefined {
    return this.#targetOfHole.get(wanted);
  }

  head(): StreamHead {
    return {
      firstSequence: sequence(this.firstSequence),
      lastSequence: sequence(this.lastSequence),
      bytes: this.bytes,
    };
  }

  shardHead(shard: ShardId): ShardHead {
    const own = this.#messages.filter((message) => isFor(shard, message?.shard));
    const lastSequence = own.at(-1)?.sequence ?? sequence(0);
    return { stream: this.head(), count: own.length, lastSequence };
  }

  /** Sequence of the last message ever written for the shard; 0 for none. */
  lastOfShard(shard: ShardId): Sequence {
    const own = this.#lastOfTarget.get(shard) ?? 0;
    return sequence(Math.max(own, this.#lastOfTarget.get(ALL_SHARDS) ?? 0));
  }

  lose(lost: number, silent: boolean): void {
    const message = this.get(lost);
    if (!message) throw new RangeError(`no message at sequence ${lost}`);
    this.#messages[lost - this.firstSequence] = undefined;
    if (!silent) this.#targetOfHole.set(lost, message.shard);
  }

  purge(upTo: number): void {
    const purged = Math.min(Math.max(0, upTo - this.firstSequence), this.#messages.length);
    this.#messages = this.#messages.slice(purged);
    this.firstSequence += purged;
  }

  /** Resolves at the next change of the log. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}

function isFor(shard: ShardId, target: ShardTarget | undefined): boolean {
  return target === shard || target === ALL_SHARDS;
}

interface MemoryShardReaderOptions {
  readonly log: () => MemoryLog;
  readonly clock: Clock;
  readonly shard: ShardId;
  readonly after: Sequence;
  readonly isFaulty: () => Promise<boolean>;
}

export class MemoryShardReader implements ShardReader {
  readonly #options: MemoryShardReaderOptions;
  readonly #closed = new AbortController();
  #cursor: number;

  constructor(options: MemoryShardReaderOptions) {
    this.#options = options;
    this.#cursor = options.after;
  }

  async next(options: ReadOptions): Promise<readonly StreamMessage[]> {
    options.signal.throwIfAborted();
    if (await this.#options.isFaulty()) {
      throw new TributaryError('unavailable', 'the write stream cannot be read');
    }
    const found = this.#take(options);
    if (found.length > 0 || options.waitMs <= 0) return found;
    await this.#waitForChange(options);
    return this.#take(options);
  }

  async close(): Promise<void> {
    this.#closed.abort(new TributaryError('cancelled', 'the reader is closed'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(options: ReadOptions): StreamMessage[] {
    this.#closed.signal.throwIfAborted();
    const log = this.#options.log();
    if (this.#cursor + 1 < log.firstSequence) {
      throw new TributaryError(
        'precondition_failed',
        `the stream begins at ${log.firstSequence}, the reader stands at ${this.#cursor}`,
      );
    }
    const taken: StreamMessage[] = [];
    let bytes = 0;
    while (this.#cursor < log.lastSequence) {
      const message = log.get(this.#cursor + 1);
      if (isFor(this.#options.shard, log.holeAt(this.#cursor + 1))) {
        if (taken.length > 0) break;
        throw new TributaryError('corrupt', `the message at ${this.#cursor + 1} is lost`);
      }
      if (message !== undefined && isFor(this.#options.shard, message.shard)) {
        const isFull =
          taken.length >= options.messagesMax || bytes + message.data.length > options.bytesMax;
        if (isFull && taken.length > 0) break;
        taken.push(message);
        bytes += message.data.length;
      }
      this.#cursor++;
    }
    return taken;
  }

  /** Returns after `waitMs`, or once the shard has a message beyond the cursor. */
  async #waitForChange(options: ReadOptions): Promise<void> {
    const { clock, log, shard } = this.#options;
    const done = new AbortController();
    const signal = AbortSignal.any([options.signal, this.#closed.signal, done.signal]);
    const timeUp = clock.sleep(options.waitMs, signal).then(
      () => true,
      () => true,
    );
    try {
      while (log().lastOfShard(shard) <= this.#cursor) {
        if (
          await Promise.race([
            timeUp,
            log()
              .changed()
              .then(() => false),
          ])
        )
          break;
      }
    } finally {
      done.abort();
    }
    options.signal.throwIfAborted();
  }
}
