// Natural batching of the writes of one collection: while one append is in flight, the writes that arrive gather; then
// all of them become one atomic append. One append is in flight at a time, so writes reach the stream in arrival order.
//
//   idle ──write──► sending ──receipt──► idle, or sending what has gathered
//                     │  ▲
//                     └──┘ no answer, or refused: back off, send the same messages with the same ids
//
// Invariant: a write is wholly in one append; its promise is fulfilled only by a receipt that covers it. A write with
// an operation id of its own is an append of its own, so that a second one with that id is the same messages again.

import { type Sequence, type ShardTarget, sequence, type WritePart } from '@tributary/model';
import {
  assert,
  backoffMs,
  type Clock,
  endInSlices,
  pause,
  type Random,
  type Steps,
  TributaryError,
} from '@tributary/runtime';
import { encodeEntry } from '@tributary/wire';
import { cutIntoMessages } from './fragments.ts';
import { type PackedEntry, Packing, type Piece, pieceSteps } from './pieces.ts';
import {
  APPEND_MESSAGES_MAX,
  type AppendMessage,
  type AppendReceipt,
  type WriteStream,
} from './write-stream.ts';

export interface WriteReceipt extends AppendReceipt {
  /**
   * For each shard the write names, and for all shards where it concerns all, the sequence of the last entry that holds
   * a part of it; of a duplicate, where the write that was first under the operation id is the same one.
   */
  readonly shardSequences: ReadonlyMap<ShardTarget, Sequence>;
}

export interface BatchingAppenderOptions {
  readonly stream: WriteStream;
  readonly clock: Clock;
  readonly random: Random;
  /** Limits of one atomic append; a single write may not exceed them. */
  readonly batchMessagesMax?: number;
  readonly batchBytesMax?: number;
  /** Limits of what may wait, not counting what is in flight. */
  readonly queueItemsMax?: number;
  readonly queueBytesMax?: number;
  /** How long an append is tried again, at most, in milliseconds. */
  readonly retryForMs?: number;
  /**
   * The span that an append is called in, as `traceparent`; it travels with the entries that have a part of the write.
   */
  readonly currentTrace?: () => string | undefined;
}

/** A request as large as `service.max_request_size_mb` allows (32 MB) is one append. */
export const BATCH_BYTES_MAX = 48 * 1024 * 1024;
/**
 * Gathering stops here. Measured on nats-server 2.15.2, two cores: a batch of 2 MB goes in at 49 MB/s, one of 8 MB at
 * 115 MB/s in 57 ms, one of 48 MB at 130 MB/s in 345 ms; more would only make small writes wait.
 */
const GATHER_BYTES_MAX = 8 * 1024 * 1024;
const QUEUE_ITEMS_MAX = 4_096;
const QUEUE_BYTES_MAX = 128 * 1024 * 1024;
const RETRY_FOR_MS = 30_000;
const BACKOFF = { minMs: 20, maxMs: 1_000 };

const MAY_STILL_HAPPEN =
  'the write was sent and no answer came: it may still take effect; resending it with the same points is safe';

interface Write {
  readonly pieces: readonly Piece[];
  readonly operationId: string | undefined;
  readonly bytes: number;
  readonly outcome: PromiseWithResolvers<WriteReceipt>;
  readonly signal: AbortSignal | undefined;
  readonly traceparent: string | undefined;
  /** True once the promise is settled; the group may go on without it. */
  settled: boolean;
  inFlight: boolean;
}

interface Group {
  /** Identity of the append; its last message has it as id. */
  readonly id: string;
  readonly writes: readonly Write[];
  readonly entries: readonly PackedEntry[];
  /** For each write, the index of the last entry of each target that holds a part of it. */
  readonly lastEntries: readonly ReadonlyMap<ShardTarget, number>[];
  /** By the index of the entry: the spans of the writes that have a part in it. */
  readonly traceparents: ReadonlyMap<number, readonly string[]>;
}

export class BatchingAppender {
  readonly #stream: WriteStream;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #currentTrace: (() => string | undefined) | undefined;
  readonly #limits: Required<
    Omit<BatchingAppenderOptions, 'stream' | 'clock' | 'random' | 'currentTrace'>
  >;
  readonly #closed = new AbortController();
  #queue: Write[] = [];
  #queueBytes = 0;
  #pump: Promise<void> | undefined;
  /** Settles when every write so far has its pieces; undefined where each has. */
  #cutting: Promise<void> | undefined;

  constructor(options: BatchingAppenderOptions) {
    this.#stream = options.stream;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#currentTrace = options.currentTrace;
    this.#limits = {
      batchMessagesMax: options.batchMessagesMax ?? APPEND_MESSAGES_MAX,
      batchBytesMax: options.batchBytesMax ?? BATCH_BYTES_MAX,
      queueItemsMax: options.queueItemsMax ?? QUEUE_ITEMS_MAX,
      queueBytesMax: options.queueBytesMax ?? QUEUE_BYTES_MAX,
      retryForMs: options.retryForMs ?? RETRY_FOR_MS,
    };
  }

  /**
   * Writes the parts atomically; parts without operations are ignored. The signal is the caller's deadline.
   * `operationId` is the identity of the write, where the caller has one: within the stream's dedupe window of two
   * minutes a second write under it writes nothing, even if its parts differ, and its receipt says `duplicate`.
   * Errors: `too_large` (does not fit one atomic append), `bad_request` (nothing to write), `unavailable` (too much is
   * waiting, or refused until the deadline; certainly not written), `timeout` (deadline before it was sent; certainly
   * not written), `unknown_outcome` (may still take effect), `not_found` (no such stream).
   */
  async append(
    parts: readonly WritePart[],
    signal?: AbortSignal,
    operationId?: string,
  ): Promise<WriteReceipt> {
    this.#closed.signal.throwIfAborted();
    const cut = this.#cut(parts);
    const pieces = cut instanceof Promise ? await cut : cut;
    this.#closed.signal.throwIfAborted();
    if (pieces.length === 0) throw new TributaryError('bad_request', 'Empty update request');
    const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    this.#refuseTooLarge(pieces, bytes);
    this.#refuseWhenFull(bytes);
    if (signal?.aborted) throw notSent(signal);
    const outcome = Promise.withResolvers<WriteReceipt>();
    const state = { settled: false, inFlight: false };
    const traceparent = this.#currentTrace?.();
    const write: Write = { pieces, operationId, bytes, outcome, signal, traceparent, ...state };
    this.#enqueue(write);
    const onAbort = () => this.#abandon(write);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await outcome.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Writes waiting, not counting what is in flight. */
  get queuedItems(): number {
    return this.#queue.length;
  }

  /** Refuses what is waiting, with `reason`, and resolves when nothing is in flight. */
  async close(
    reason = new TributaryError('unavailable', 'the gateway is shutting down'),
  ): Promise<void> {
    this.#closed.abort(reason);
    for (const write of this.#queue.splice(0)) settle(write, () => this.#closed.signal.reason);
    this.#queueBytes = 0;
    await this.#pump;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** At once where that is little work, so that the writes of one turn go together; after those that came before. */
  #cut(parts: readonly WritePart[]): readonly Piece[] | Promise<readonly Piece[]> {
    const pieces = endInSlices(pieceSteps(parts));
    const before = this.#cutting;
    if (before === undefined && !(pieces instanceof Promise)) return pieces;
    const cut = Promise.all([pieces, before]).then(([own]) => own);
    const settled = cut.then(
      () => {},
      () => {},
    );
    this.#cutting = settled;
    settled.then(() => {
      if (this.#cutting === settled) this.#cutting = undefined;
    });
    return cut;
  }

  #refuseTooLarge(pieces: readonly Piece[], bytes: number): void {
    const { batchMessagesMax, batchBytesMax } = this.#limits;
    const messages = new Packing().messagesFor(pieces);
    if (messages <= batchMessagesMax && bytes <= batchBytesMax) return;
    throw new TributaryError(
      'too_large',
      `the request takes ${bytes} bytes in ${messages} messages; one request may take at most ` +
        `${batchBytesMax} bytes in ${batchMessagesMax} messages: send it in several requests`,
    );
  }

  #refuseWhenFull(bytes: number): void {
    const { queueItemsMax, queueBytesMax } = this.#limits;
    const isFull = this.#queue.length > 0 && this.#queueBytes + bytes > queueBytesMax;
    if (this.#queue.length < queueItemsMax && !isFull) return;
    throw new TributaryError(
      'unavailable',
      `${this.#queue.length} writes (${this.#queueBytes} bytes) are waiting already`,
    );
  }

  #enqueue(write: Write): void {
    this.#queue.push(write);
    this.#queueBytes += write.bytes;
    this.#pump ??= this.#sendAll();
  }

  /** The caller does not wait any longer. */
  #abandon(write: Write): void {
    if (write.inFlight) {
      settle(write, () => new TributaryError('unknown_outcome', MAY_STILL_HAPPEN));
      return;
    }
    const index = this.#queue.indexOf(write);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    this.#queueBytes -= write.bytes;
    settle(write, () => notSent(write.signal));
  }

  async #sendAll(): Promise<void> {
    // Writes of one turn of the event loop go together instead of the first one alone.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#gather();
      try {
        await this.#send(group);
      } catch (error) {
        const reason = TributaryError.from(error);
        for (const write of group.writes) settle(write, () => reason);
      }
    }
    // In the same turn as the check, so that a write enqueued from now on starts a new pump.
    this.#pump = undefined;
  }

  #gather(): Group {
    const packing = new Packing();
    const lastEntries: ReadonlyMap<ShardTarget, number>[] = [];
    const traceparents = new Map<number, string[]>();
    const bytesMax = Math.min(GATHER_BYTES_MAX, this.#limits.batchBytesMax);
    let bytes = 0;
    let messages = 0;
    for (const write of this.#queue) {
      messages += packing.messagesFor(write.pieces);
      const isFull = messages > this.#limits.batchMessagesMax || bytes + write.bytes > bytesMax;
      const isAlone = write.operationId !== undefined;
      if (lastEntries.length > 0 && (isFull || isAlone)) break;
      const touched = packing.add(write.pieces);
      if (write.traceparent !== undefined) noteTrace(traceparents, touched, write.traceparent);
      lastEntries.push(lastEntriesOf(write, packing));
      bytes += write.bytes;
      write.inFlight = true;
      if (isAlone) break;
    }
    const writes = this.#queue.splice(0, lastEntries.length);
    this.#queueBytes -= writes.reduce((sum, write) => sum + write.bytes, 0);
    const id = writes[0]?.operationId ?? this.#random.id();
    return { id, writes, entries: packing.entries, lastEntries, traceparents };
  }

  async #send(group: Group): Promise<void> {
    const encoded = endInSlices(this.#encode(group));
    const { messages, lastMessages } = encoded instanceof Promise ? await encoded : encoded;
    const { sequence: last, duplicate } = await this.#appendWithRetries(messages, group.writes);
    const first = last - (messages.length - 1);
    group.writes.forEach((write, i) => {
      const indexes = [...(group.lastEntries[i] ?? [])];
      // A duplicate may be of fewer messages than these, at the very beginning of the stream.
      const sequenceOf = (entry: number) =>
        sequence(Math.max(0, first + (lastMessages[entry] ?? 0)));
      const shardSequences = new Map(indexes.map(([shard, at]) => [shard, sequenceOf(at)]));
      write.settled = true;
      write.outcome.resolve({ sequence: last, duplicate, shardSequences });
    });
  }

  /** The messages of the entries, and for each entry the index of its last message. */
  *#encode({ id, entries, traceparents }: Group): Steps<{
    messages: readonly AppendMessage[];
    lastMessages: readonly number[];
  }> {
    const timeMs = this.#clock.nowMs();
    const messages: AppendMessage[] = [];
    const lastMessages: number[] = [];
    for (const [index, { shard, operations }] of entries.entries()) {
      const operationId = index === entries.length - 1 ? id : `${id}.${messages.length}`;
      for (const data of cutIntoMessages(encodeEntry({ operationId, timeMs, operations }))) {
        messages.push({ shard, messageId: `${id}.${messages.length}`, data });
      }
      lastMessages.push(messages.length - 1);
      const traces = traceparents.get(index);
      if (traces !== undefined) change(messages, { traceparents: traces });
      yield undefined;
    }
    // The last has the id itself: a write under an id excludes every other, however many messages they take, and a
    // duplicate is looked for by its last message.
    change(messages, { messageId: id });
    return { messages, lastMessages };
  }

  /** Sends the same messages until there is an answer, no write waits for one any longer, or time is up. */
  async #appendWithRetries(
    messages: readonly AppendMessage[],
    writes: readonly Write[],
  ): Promise<AppendReceipt> {
    const startedMs = this.#clock.monotonicMs();
    let isUnknown = false;
    for (let failures = 1; ; failures++) {
      try {
        return await this.#stream.append(messages);
      } catch (error) {
        const reason = TributaryError.from(error);
        if (reason.code === 'unknown_outcome' || reason.code === 'timeout') isUnknown = true;
        else if (reason.code !== 'unavailable') throw isUnknown ? unknownBecause(reason) : reason;
        const retryInMs = backoffMs(BACKOFF, failures, this.#random);
        const spentMs = this.#clock.monotonicMs() - startedMs;
        const isGivenUp =
          spentMs + retryInMs > this.#limits.retryForMs ||
          this.#closed.signal.aborted ||
          writes.every((write) => write.settled);
        if (isGivenUp) throw isUnknown ? unknownBecause(reason) : reason;
        await pause(this.#clock, retryInMs, this.#closed.signal);
      }
    }
  }
}

/** Changes the last message. */
function change(messages: AppendMessage[], to: Partial<AppendMessage>): void {
  const last = messages.pop();
  assert(last !== undefined, 'an entry has a message');
  messages.push({ ...last, ...to });
}

function lastEntriesOf(write: Write, packing: Packing): ReadonlyMap<ShardTarget, number> {
  const targets = new Set(write.pieces.map((piece) => piece.shard));
  return new Map([...targets].map((target) => [target, packing.lastEntryOf(target)]));
}

/** An entry may have parts of thousands of writes, and a header is small. */
const TRACES_OF_ENTRY_MAX = 16;

function noteTrace(
  traceparents: Map<number, string[]>,
  touched: Iterable<number>,
  traceparent: string,
): void {
  for (const index of touched) {
    const known = traceparents.get(index);
    if (known === undefined) traceparents.set(index, [traceparent]);
    else if (known.length < TRACES_OF_ENTRY_MAX) known.push(traceparent);
  }
}

function settle(write: Write, reason: () => unknown): void {
  if (write.settled) return;
  write.settled = true;
  write.outcome.reject(reason());
}

function notSent(signal: AbortSignal | undefined): TributaryError {
  return new TributaryError('timeout', 'the write waited until its deadline and was not sent', {
    cause: signal?.reason,
  });
}

function unknownBecause(cause: TributaryError): TributaryError {
  return new TributaryError('unknown_outcome', MAY_STILL_HAPPEN, { cause });
}
