// The write streams of a cluster on JetStream, and the stream of what could not be applied.
//
// Dead letters have the subject `deadletter.<collection>.<sequence>` and are published on condition that the subject
// has no message. That is what makes them unique for ever; message ids do so only within the server's dedupe window.

import { type CollectionId, FIRST_GENERATION } from '@tributary/model';
import { type Random, systemRandom, TributaryError } from '@tributary/runtime';
import {
  type DeadLetter,
  MESSAGE_BYTES_MAX,
  type WriteStream,
  type WriteStreams,
} from '@tributary/stream';
import { Arrivals } from './arrivals.ts';
import type { Connection } from './connection.ts';
import { JetStreamWriteStream, streamName, subjectOf } from './jetstream-write-stream.ts';
import { API_ERROR, isApiError, readError } from './nats-error.ts';
import { publishOne } from './publish.ts';
import { PullBudget } from './pull-budget.ts';
import { StreamLooks } from './stream-looks.ts';

export interface JetStreamWriteStreamsOptions {
  readonly connection: Connection;
  /** Servers that hold each stream: 3, or 1 where there is one server. */
  readonly replicas: 1 | 3;
  readonly random?: Random;
  /** How long one try to append waits for its acknowledgement, in milliseconds, plus 100 ms for each MB. */
  readonly acknowledgeMs?: number;
  /** Of all that is read over the connection. Default 48 MB. */
  readonly budget?: PullBudget;
}

export const DEAD_LETTER_STREAM = 'deadletter';

/** Headers and framing of a message; the server counts them in `max_msg_size`. */
const HEADER_BYTES_MAX = 4 * 1024;
/** Four times as long as an append is tried again; the server keeps every id of this time in memory. */
const DUPLICATE_WINDOW_MS = 120_000;
const ACKNOWLEDGE_MS = 3_000;
const READ_BUDGET = {
  /** The server drops a connection with more than 64 MB waiting to be sent to it. */
  totalBytes: 48 * 1024 * 1024,
  pullBytesMin: MESSAGE_BYTES_MAX + HEADER_BYTES_MAX,
  pullBytesMax: 4 * 1024 * 1024,
};
const REASON_LENGTH_MAX = 1_000;
const NANOSECONDS = 1_000_000;

export class JetStreamWriteStreams implements WriteStreams {
  readonly #connection: Connection;
  readonly #replicas: number;
  readonly #random: Random;
  readonly #acknowledgeMs: number;
  readonly #looks: StreamLooks;
  readonly #arrivals: Arrivals;
  readonly #budget: PullBudget;

  constructor(options: JetStreamWriteStreamsOptions) {
    this.#connection = options.connection;
    this.#looks = new StreamLooks(options.connection);
    this.#arrivals = new Arrivals(options.connection);
    this.#budget = options.budget ?? new PullBudget(READ_BUDGET);
    this.#replicas = options.replicas;
    this.#random = options.random ?? systemRandom;
    this.#acknowledgeMs = options.acknowledgeMs ?? ACKNOWLEDGE_MS;
  }

  async create(collection: CollectionId): Promise<WriteStream> {
    const name = streamName(collection);
    try {
      const manager = await this.#connection.manager();
      await manager.streams.add({
        name,
        subjects: [subjectOf(collection, FIRST_GENERATION, '*')],
        storage: 'file',
        num_replicas: this.#replicas,
        discard: 'new',
        deny_delete: true,
        allow_atomic: true,
        allow_direct: true,
        duplicate_window: DUPLICATE_WINDOW_MS * NANOSECONDS,
        max_msg_size: MESSAGE_BYTES_MAX + HEADER_BYTES_MAX,
      });
    } catch (error) {
      // The stream is there with other settings, made by an earlier version: it is the same stream.
      if (!isApiError(error, API_ERROR.streamNameInUse)) throw readError(error, `create ${name}`);
    }
    return this.open(collection, FIRST_GENERATION);
  }

  open(collection: CollectionId, generation: number): WriteStream {
    return new JetStreamWriteStream({
      connection: this.#connection,
      collection,
      generation,
      random: this.#random,
      acknowledgeMs: this.#acknowledgeMs,
      budget: this.#budget,
      looks: this.#looks,
      arrivals: this.#arrivals,
    });
  }

  async remove(collection: CollectionId): Promise<void> {
    const name = streamName(collection);
    try {
      const manager = await this.#connection.manager();
      await manager.streams.delete(name);
    } catch (error) {
      if (!isApiError(error, API_ERROR.streamNotFound)) throw readError(error, `remove ${name}`);
    }
  }

  async deadLetter(letter: DeadLetter): Promise<void> {
    const { collection, shard, sequence, reason, data } = letter;
    const publication = {
      subject: `${DEAD_LETTER_STREAM}.${collection}.${sequence}`,
      data: data.subarray(0, MESSAGE_BYTES_MAX),
      headers: {
        'Nats-Expected-Last-Subject-Sequence': '0',
        'Tributary-Shard': `${shard}`,
        // An entry of several messages is kept with its beginning; the stream itself has the rest until it is purged.
        'Tributary-Bytes': `${data.length}`,
        'Tributary-Reason': encodeURIComponent(reason.slice(0, REASON_LENGTH_MAX).toWellFormed()),
      },
    };
    const options = { stream: DEAD_LETTER_STREAM, timeoutMs: this.#acknowledgeMs };
    try {
      await publishOne(this.#connection, publication, options);
    } catch (error) {
      const isThere = error instanceof TributaryError && error.code === 'precondition_failed';
      if (!isThere) throw error;
    }
  }
}
