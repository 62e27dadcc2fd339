// The write stream of a collection on JetStream: stream `wal-<collection>`, subject `wal.<collection>.<shard>`.
//
// Invariant: an append resolves only for messages that are stored; a duplicate's receipt carries the sequence at which
// the first try stands, asked of the server and not guessed.

import {
  type CollectionId,
  type Sequence,
  type ShardId,
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
import type { Connection } from './connection.ts';
import { API_ERROR, isApiError, readError } from './nats-error.ts';
import { ALREADY_THERE, type Publication, publishBatch, publishOne } from './publish.ts';
import { SubjectReader } from './subject-reader.ts';

/** A server that stores less than this is given up on; a healthy one stores ten times as much. */
const SLOWEST_BYTES_PER_MS = 10_000;
/** A stream without a leader does not answer; it is not to hold a retry up. */
const EXISTS_FOR_MS = 500;

export interface JetStreamWriteStreamOptions {
  readonly connection: Connection;
  readonly collection: CollectionId;
  readonly random: Random;
  /** How long an acknowledgement is waited for, in milliseconds. */
  readonly acknowledgeMs: number;
  readonly pullBytes: () => number;
  /** Counts the readers that share the connection. */
  readonly onReader: (change: 1 | -1) => void;
}

export class JetStreamWriteStream implements WriteStream {
  readonly collection: CollectionId;
  readonly #options: JetStreamWriteStreamOptions;
  readonly #connection: Connection;
  readonly #stream: string;

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
    const { connection, pullBytes, onReader } = this.#options;
    const subject = subjectOf(this.collection, shard);
    onReader(1);
    const reader = new SubjectReader({
      connection,
      stream: this.#stream,
      subject,
      after,
      pullBytes,
      onClose: () => onReader(-1),
    });
    return new JetStreamShardReader(reader, shard);
  }

  async head(): Promise<StreamHead> {
    const { state } = await this.#info();
    // An empty stream that was never written to reports 0 as its first sequence.
    const firstSequence = state.messages === 0 ? state.last_seq + 1 : state.first_seq;
    return { firstSequence: sequence(firstSequence), lastSequence: sequence(state.last_seq) };
  }

  async shardHead(shard: ShardId): Promise<ShardHead> {
    const subject = subjectOf(this.collection, shard);
    const { state } = await this.#info(subject);
    const count = state.subjects?.[subject] ?? 0;
    if (count === 0) return { count, lastSequence: sequence(0) };
    const last = await this.#read(async () => {
      const manager = await this.#connection.manager();
      return await manager.streams.getMessage(this.#stream, { last_by_subj: subject });
    });
    return { count, lastSequence: sequence(last?.seq ?? 0) };
  }

  async get(wanted: Sequence): Promise<StreamMessage | undefined> {
    if (wanted < 1) return undefined;
    const query = { seq: wanted };
    const found = await this.#read(async () => {
      const manager = await this.#connection.manager();
      // Any server answers a direct get, and one that has lost the message says that there is none: ask the leader then.
      const direct = await manager.direct.getMessage(this.#stream, query).catch(() => null);
      if (direct) return direct;
      return await manager.streams.getMessage(this.#stream, query).catch((error: unknown) => {
        if (isApiError(error, API_ERROR.noMessageFound)) return null;
        throw error;
      });
    });
    if (!found) return undefined;
    const { subject, data, time } = found;
    return { sequence: wanted, shard: shardOf(subject), data, timeMs: time.getTime() };
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

  #publication({ shard, messageId, data }: AppendMessage): Publication {
    const subject = subjectOf(this.collection, shard);
    return { subject, data, headers: { 'Nats-Msg-Id': messageId } };
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

  async #info(subjectsFilter?: string) {
    return await this.#read(async () => {
      const manager = await this.#connection.manager();
      const options = subjectsFilter ? { subjects_filter: subjectsFilter } : {};
      return await manager.streams.info(this.#stream, options);
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

class JetStreamShardReader implements ShardReader {
  readonly #reader: SubjectReader;
  readonly #shard: ShardId;

  constructor(reader: SubjectReader, shard: ShardId) {
    this.#reader = reader;
    this.#shard = shard;
  }

  async next(options: ReadOptions): Promise<readonly StreamMessage[]> {
    const messages = await this.#reader.next(options);
    return messages.map(({ sequence: at, data, timeMs }) => ({
      sequence: sequence(at),
      shard: this.#shard,
      data,
      timeMs,
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

export function subjectOf(collection: CollectionId, shard: ShardId | '*'): string {
  return `wal.${collection}.${shard}`;
}

function shardOf(subject: string): ShardId {
  return shardId(Number(subject.slice(subject.lastIndexOf('.') + 1)));
}
