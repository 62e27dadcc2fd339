// The log of metadata events on the stream META, and the newest fold in a bucket beside it.
//
// Invariant: an event is appended only right after the sequence its proposer expected; a follower gets consecutive
// sequences or an error; nothing is purged that the stored fold does not cover.

import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { KvEntry } from '@nats-io/kv';
import {
  decodeEvent,
  decodeState,
  encodeEvent,
  encodeState,
  type MetadataEvent,
  type MetadataLog,
  type MetadataState,
  type SequencedEvent,
} from '@tributary/metadata';
import { type Sequence, sequence } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { META_STREAM, META_SUBJECT, openBucket, SNAPSHOT_BUCKET } from './cluster-streams.ts';
import type { Connection } from './connection.ts';
import type { FeedMessage } from './feed.ts';
import { API_ERROR, isApiError, readError } from './nats-error.ts';
import { publishOne } from './publish.ts';
import { PullBudget } from './pull-budget.ts';
import { SubjectReader } from './subject-reader.ts';

const ACKNOWLEDGE_MS = 5_000;
const PULL_BYTES = 1024 * 1024;
/** How long nothing may arrive before the log's end is asked for. */
const FOLLOW_WAIT_MS = 2_000;
const FOLLOW_MESSAGES = 500;
const SNAPSHOT_KEY = 'state';
const STORE_TRIES = 5;

export class JetStreamMetadataLog implements MetadataLog {
  readonly #connection: Connection;
  readonly #budget = new PullBudget({
    totalBytes: 2 * PULL_BYTES,
    pullBytesMin: PULL_BYTES,
    pullBytesMax: PULL_BYTES,
  });

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async append(event: MetadataEvent, expected: Sequence, signal?: AbortSignal): Promise<Sequence> {
    const publication = {
      subject: META_SUBJECT,
      data: encodeEvent(event),
      headers: { 'Nats-Expected-Last-Sequence': `${expected}` },
    };
    const options = { stream: META_STREAM, timeoutMs: ACKNOWLEDGE_MS, signal };
    return sequence((await publishOne(this.#connection, publication, options)).sequence);
  }

  async *follow(after: Sequence, signal: AbortSignal): AsyncGenerator<SequencedEvent> {
    let last: number = after;
    let reader = this.#openReader(last);
    let isBehind = false;
    try {
      while (!signal.aborted) {
        const messages = await this.#next(reader, signal);
        for (const message of messages) {
          if (message.sequence !== last + 1) throw await this.#explainGap(last, message.sequence);
          last = message.sequence;
          yield { sequence: sequence(last), event: decodeEvent(message.data) };
          if (signal.aborted) return;
        }
        // A consumer on a server that has lost touch with the stream beats on and delivers nothing.
        const wasBehind = isBehind;
        isBehind = messages.length === 0 && !signal.aborted && (await this.lastSequence()) > last;
        if (!isBehind || !wasBehind) continue;
        this.#connection.logger.warn({ last }, 'metadata events do not arrive: reading again');
        reader.close();
        reader = this.#openReader(last);
        isBehind = false;
      }
    } finally {
      reader.close();
    }
  }

  #openReader(after: number): SubjectReader {
    return new SubjectReader({
      connection: this.#connection,
      stream: META_STREAM,
      subjects: [META_SUBJECT],
      after: sequence(after),
      budget: this.#budget,
    });
  }

  async #next(reader: SubjectReader, signal: AbortSignal): Promise<readonly FeedMessage[]> {
    const options = { messagesMax: FOLLOW_MESSAGES, bytesMax: PULL_BYTES, waitMs: FOLLOW_WAIT_MS };
    return await reader.next({ ...options, signal }).catch((error: unknown) => {
      if (signal.aborted) return [];
      throw error;
    });
  }

  async lastSequence(): Promise<Sequence> {
    return sequence((await this.#state()).last_seq);
  }

  async loadSnapshot(): Promise<MetadataState | undefined> {
    return (await this.#stored())?.state;
  }

  async storeSnapshot(state: MetadataState): Promise<void> {
    const value = await promisify(gzip)(encodeState(state));
    for (let tries = 0; tries < STORE_TRIES; tries++) {
      const stored = await this.#stored();
      if (stored && stored.state.sequence >= state.sequence) return;
      if (!(await this.#replaceSnapshot(value, stored?.revision))) continue;
      await this.#purgeThrough(state.sequence);
      return;
    }
    throw new TributaryError('unavailable', 'other peers keep storing snapshots of the metadata');
  }

  async #stored(): Promise<{ state: MetadataState; revision: number } | undefined> {
    const entry = await this.#read<KvEntry | null>(async () => {
      const bucket = await openBucket(this.#connection, SNAPSHOT_BUCKET);
      return await bucket.get(SNAPSHOT_KEY);
    });
    if (entry?.operation !== 'PUT') return undefined;
    const unpacked = await promisify(gunzip)(entry.value).catch((cause: unknown) => {
      throw new TributaryError('corrupt', 'unreadable metadata snapshot', { cause });
    });
    return { state: decodeState(unpacked), revision: entry.revision };
  }

  /** False where another peer stored one meanwhile. */
  async #replaceSnapshot(value: Uint8Array, revision: number | undefined): Promise<boolean> {
    return await this.#read(async () => {
      const bucket = await openBucket(this.#connection, SNAPSHOT_BUCKET);
      try {
        if (revision === undefined) await bucket.create(SNAPSHOT_KEY, value);
        else await bucket.update(SNAPSHOT_KEY, value, revision);
        return true;
      } catch (error) {
        if (isApiError(error, API_ERROR.wrongLastSequence)) return false;
        if (isApiError(error, API_ERROR.wrongLastSequenceUnknown)) return false;
        throw error;
      }
    });
  }

  async #purgeThrough(last: Sequence): Promise<void> {
    await this.#read(async () => {
      const manager = await this.#connection.manager();
      await manager.streams.purge(META_STREAM, { seq: last + 1 });
    });
  }

  async #explainGap(last: number, next: number): Promise<TributaryError> {
    const { first_seq: first } = await this.#state();
    const isPurged = first > last + 1;
    return new TributaryError(
      isPurged ? 'precondition_failed' : 'corrupt',
      `metadata events ${last + 1} to ${next - 1} are ${isPurged ? 'only in the snapshot' : 'lost'}`,
    );
  }

  async #state() {
    return await this.#read(async () => {
      const manager = await this.#connection.manager();
      return (await manager.streams.info(META_STREAM)).state;
    });
  }

  async #read<T>(call: () => Promise<T>): Promise<T> {
    try {
      this.#connection.assertConnected();
      return await this.#connection.whileConnected(call());
    } catch (error) {
      throw readError(error, META_STREAM);
    }
  }
}
