// The write stream of a collection on JetStream: stream `wal-<collection>`, and a subject for each shard and one for
// what concerns all of them, `wal.<collection>.<generation>.<shard>` and `wal.<collection>.<generation>.all`. A
// replica's consumer filters by both, so what is for every shard is stored once and read in its place by each.
//
// The generation is that of the shard map by which the points are divided: each has subjects of its own.
//
// Invariant: an append resolves only for messages that are stored; a duplicate's receipt carries the sequence at which
// the first try stands, asked of the server and not guessed.

import {
  ALL_SHARDS,
  type CollectionId,
  type Sequence,
  type ShardId,
  type ShardTarget,
  sequence,
  shardId,
} from '@tributary/model';
import { assert, type Random, TributaryError } from '@tributary/runtime';
import {
  type AppendMessage,
  type AppendReceipt,
  checkAppend,
  type ReadOptions,
  type ShardHead,
  type ShardReader,
  type StreamHead,
  type StreamMessage,
  type WriteStream,
} from '@tributary/stream';
import type { Arrivals } from './arrivals.ts';
import type { Connection } from './connection.ts';
import { API_ERROR, isApiError, readError } from './nats-error.ts';
import { ALREADY_THERE, type Publication, publishBatch, publishOne } from './publish.ts';
import type { PullBudget } from './pull-budget.ts';
import type { StreamLook, StreamLooks } from './stream-looks.ts';
import { SubjectReader } from './subject-reader.ts';
import { traceHeaders } from './trace-headers.ts';

/** A server that stores less than this is given up on; a healthy one stores ten times as much. */
const SLOWEST_BYTES_PER_MS = 10_000;
/** A stream without a leader does not answer; it is not to hold a retry up. */
const EXISTS_FOR_MS = 500;

export interface JetStreamWriteStreamOptions {
  readonly connection: Connection;
  readonly collection: CollectionId;
  readonly generation: number;
  readonly random: Random;
  /** How long an acknowledgement is waited for, in milliseconds. */
  readonly acknowledgeMs: number;
  /** Of the connection, as these streams share it. */
  readonly budget: PullBudget;
  readonly looks: StreamLooks;
  readonly arrivals: Arrivals;
}

export class JetStreamWriteStream implements WriteStream {
  readonly collection: CollectionId;
  readonly #options: JetStreamWriteStreamOptions;
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #readers = new Set<JetStreamShardReader>();
  /** What was last learnt of a shard; true while the stream's end is where it was then. */
  readonly #known = new Map<ShardId, ShardHead>();

  constructor(options: JetStreamWriteStreamOptions) {
    this.collection = options.collection;
    this.#options = options;
    this.#connection = options.connection;
    this.#stream = streamName(options.collection);
  }

  async append(messages: readonly AppendMessage[], signal?: AbortSignal): Promise<AppendReceipt> {
    checkAppend(messages);
    if (signal?.aborted) throw new TributaryError('unavailable', 'the append was not begun');
    try {
      return await this.#publish(messages, signal);
    } catch (error) {
      // A server without the stream does not answer at all, and neither does one without a leader.
      const isRefused = error instanceof TributaryError && error.code === 'unavailable';
      if (isRefused && this.#connection.isConnected && (await this.#isMissing())) {
        throw new TributaryError('not_found', `no write stream of collection ${this.collection}`, {
          cause: error,
        });
      }
      throw error;
    }
  }

  async openReader(shard: ShardId, after: Sequence): Promise<ShardReader> {
    const { connection, budget, arrivals } = this.#options;
    const reader: JetStreamShardReader = new JetStreamShardReader(
      shard,
      new SubjectReader({
        connection,
        stream: this.#stream,
        subjects: this.#subjectsOf(shard),
        after,
        budget,
        onClose: () => this.#readers.delete(reader),
        rest: { arrivals, head: () => this.head() },
      }),
    );
    // It listens from here on and learns of every look, so nothing comes between the look and its rest unnoticed.
    this.#readers.add(reader);
    // A reader that cannot know reads on at once, and says what is wrong then.
    await this.shardHead(shard).then(
      () => reader.restIfCaughtUp(),
      () => {},
    );
    return reader;
  }

  async head(): Promise<StreamHead> {
    return (await this.#look()).head;
  }

  async shardHead(shard: ShardId): Promise<ShardHead> {
    const { head: stream, counts } = await this.#look();
    const subjects = this.#subjectsOf(shard);
    const count = subjects.reduce((sum, subject) => sum + (counts.get(subject) ?? 0), 0);
    const known = this.#known.get(shard);
    if (known !== undefined && isSame(known, stream, count)) return this.#noted(shard, known);
    // After all counts, so that no message up to the end is missing in the count for having come between.
    const ends = await Promise.all(
      subjects.map((subject) => (counts.has(subject) ? this.#lastOf(subject) : 0)),
    );
    const head = { stream, count, lastSequence: sequence(Math.max(...ends)) };
    this.#known.set(shard, head);
    return this.#noted(shard, head);
  }

  async get(wanted: Sequence): Promise<StreamMessage | undefined> {
    if (wanted < 1) return undefined;
    const query = { seq: wanted };
    const found = await this.#read(async () => {
      const manager = await this.#connection.manager();
      // Any server answers a direct get, and one that has lost the message says that there is none: ask the leader
      // then.
      const direct = await manager.direct.getMessage(this.#stream, query).catch(() => null);
      if (direct) return direct;
      return await manager.streams.getMessage(this.#stream, query).catch((error: unknown) => {
        if (isApiError(error, API_ERROR.noMessageFound)) return null;
        throw error;
      });
    });
    if (!found) return undefined;
    const { subject, data, time } = found;
    return { sequence: wanted, shard: targetOf(subject), data, timeMs: time.getTime() };
  }

  async purge(upTo: Sequence): Promise<void> {
    await this.#read(async () => {
      const manager = await this.#connection.manager();
      // Purging up to a sequence beyond the end would move the end.
      const { state } = await manager.streams.info(this.#stream);
      const below = Math.min(upTo, state.last_seq + 1);
      if (below > state.first_seq) await manager.streams.purge(this.#stream, { seq: below });
    });
  }

  #noted(shard: ShardId, head: ShardHead): ShardHead {
    for (const reader of this.#readers) if (reader.shard === shard) reader.noteLast(head);
    return head;
  }

  async #publish(
    messages: readonly AppendMessage[],
    signal: AbortSignal | undefined,
  ): Promise<AppendReceipt> {
    const publications = messages.map((message) => this.#publication(message));
    const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
    const timeoutMs = this.#options.acknowledgeMs + bytes / SLOWEST_BYTES_PER_MS;
    const options = { stream: this.#stream, timeoutMs, signal };
    const [first] = publications;
    const last = publications.at(-1);
    assert(first && last, 'an append has a message');
    if (publications.length === 1) {
      const { sequence: at, duplicate } = await publishOne(this.#connection, first, options);
      return { sequence: sequence(at), duplicate };
    }
    const batchId = this.#options.random.id();
    const answer = await publishBatch(this.#connection, publications, batchId, options);
    if (answer !== ALREADY_THERE) return { sequence: sequence(answer.sequence), duplicate: false };
    return await this.#locate(last, options);
  }

  /**
   * Where a batch stands that the server says it has. The question is a publish of the last message that the server
   * answers with its sequence if it knows the id, and otherwise refuses because of an expectation that never holds.
   */
  async #locate(
    last: Publication,
    options: { stream: string; timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<AppendReceipt> {
    const impossible = { ...last.headers, 'Nats-Expected-Last-Msg-Id': '-' };
    const question = { subject: last.subject, data: new Uint8Array(0), headers: impossible };
    try {
      const { sequence: at, duplicate } = await publishOne(this.#connection, question, options);
      assert(duplicate, 'a question is never stored');
      return { sequence: sequence(at), duplicate };
    } catch (error) {
      // The first try is not stored yet, or the answer was lost: ask again with the same ids.
      throw new TributaryError('unknown_outcome', 'an earlier try is still under way', {
        cause: error,
      });
    }
  }

  #publication({ shard, messageId, data, traceparents }: AppendMessage): Publication {
    const subject = this.#subjectOf(shard);
    return { subject, data, headers: { 'Nats-Msg-Id': messageId, ...traceHeaders(traceparents) } };
  }

  async #isMissing(): Promise<boolean> {
    const isMissing = this.#info().then(
      () => false,
      (error) => error instanceof TributaryError && error.code === 'not_found',
    );
    const done = new AbortController();
    const late = this.#connection.clock.sleep(EXISTS_FOR_MS, done.signal).then(
      () => false,
      () => false,
    );
    try {
      return await Promise.race([isMissing, late]);
    } finally {
      done.abort();
    }
  }

  #subjectsOf(shard: ShardId): readonly string[] {
    return [this.#subjectOf(shard), this.#subjectOf(ALL_SHARDS)];
  }

  #subjectOf(target: ShardTarget): string {
    return subjectOf(this.collection, this.#options.generation, target);
  }

  #look(): Promise<StreamLook> {
    // Of every generation: those who ask about a stream share the answer.
    const subjects = `wal.${this.collection}.>`;
    return this.#read(() => this.#options.looks.look(this.#stream, subjects));
  }

  async #lastOf(subject: string): Promise<number> {
    const last = await this.#read(async () => {
      const manager = await this.#connection.manager();
      return await manager.streams.getMessage(this.#stream, { last_by_subj: subject });
    });
    return last?.seq ?? 0;
  }

  async #info() {
    return await this.#read(async () => {
      const manager = await this.#connection.manager();
      return await manager.streams.info(this.#stream);
    });
  }

  async #read<T>(call: () => Promise<T>): Promise<T> {
    try {
      this.#connection.assertConnected();
      return await this.#connection.whileConnected(call());
    } catch (error) {
      throw readError(error, this.#stream);
    }
  }
}

/** Nothing was written since, and nothing let go. */
function isSame(known: ShardHead, stream: StreamHead, count: number): boolean {
  const { firstSequence, lastSequence } = known.stream;
  return (
    firstSequence === stream.firstSequence &&
    lastSequence === stream.lastSequence &&
    known.count === count
  );
}

class JetStreamShardReader implements ShardReader {
  readonly shard: ShardId;
  readonly #reader: SubjectReader;

  constructor(shard: ShardId, reader: SubjectReader) {
    this.shard = shard;
    this.#reader = reader;
  }

  noteLast({ lastSequence }: ShardHead): void {
    this.#reader.noteLast(lastSequence);
  }

  restIfCaughtUp(): void {
    this.#reader.restIfCaughtUp();
  }

  async next(options: ReadOptions): Promise<readonly StreamMessage[]> {
    const messages = await this.#reader.next(options);
    return messages.map(({ sequence: at, subject, data, timeMs, traceparents }) => ({
      sequence: sequence(at),
      shard: targetOf(subject),
      data,
      timeMs,
      ...(traceparents !== undefined && { traceparents }),
    }));
  }

  async close(): Promise<void> {
    this.#reader.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export function streamName(collection: CollectionId): string {
  return `wal-${collection}`;
}

/** The pattern of every subject of the generation with `'*'`. */
export function subjectOf(
  collection: CollectionId,
  generation: number,
  target: ShardTarget | '*',
): string {
  return `wal.${collection}.${generation}.${target}`;
}

function targetOf(subject: string): ShardTarget {
  const token = subject.slice(subject.lastIndexOf('.') + 1);
  return token === ALL_SHARDS ? ALL_SHARDS : shardId(Number(token));
}
