// The coordinator's lease in a bucket. The term is the revision at which the holder took it.
//
// No clock is compared with another's: a peer that wants the lease watches for its revision to stand still for the time
// to live by its own clock, and then takes it with compare-and-set. So a peer that has just started waits once in full.
//
// Invariant: every change is a compare-and-set on the revision that was read, so of several takers one wins.

import type { KvEntry } from '@nats-io/kv';
import type { Lease, LeaseStore } from '@tributary/metadata';
import { TributaryError } from '@tributary/runtime';
import { LEASE_BUCKET, openBucket } from './cluster-streams.ts';
import type { Connection } from './connection.ts';
import { decodeLease, encodeLease, type StoredLease } from './lease-codec.ts';
import { API_ERROR, isApiError, publishError, readError } from './nats-error.ts';

interface Held {
  readonly lease: Lease;
  readonly revision: number;
  readonly ttlMs: number;
}

const DEFAULT_KEY = 'coordinator';
const TRIES = 5;

export class NatsLeaseStore implements LeaseStore {
  readonly #connection: Connection;
  readonly #key: string;
  #observed: { readonly revision: number; readonly sinceMs: number } | undefined;

  constructor(connection: Connection, key: string = DEFAULT_KEY) {
    this.#connection = connection;
    this.#key = key;
  }

  async acquire(holder: string, ttlMs: number): Promise<Lease> {
    for (let tries = 0; tries < TRIES; tries++) {
      const held = await this.#read();
      const isOwn = held?.lease.holder === holder;
      if (held && !isOwn && !this.#isExpired(held)) return held.lease;
      const term = isOwn ? held.lease.term : undefined;
      const value = { holder, ttlMs, ...(term !== undefined && { term }) };
      const revision = await this.#write(value, held?.revision);
      if (revision !== undefined) return { holder, term: term ?? revision };
    }
    throw new TributaryError('unavailable', 'the lease changes hands too quickly');
  }

  async current(): Promise<Lease | undefined> {
    const held = await this.#read();
    return held && !this.#isExpired(held) ? held.lease : undefined;
  }

  async release(holder: string): Promise<void> {
    const held = await this.#read();
    if (held?.lease.holder !== holder) return;
    await this.#change(async () => {
      const bucket = await openBucket(this.#connection, LEASE_BUCKET);
      await bucket.delete(this.#key, { previousSeq: held.revision });
    });
  }

  async #read(): Promise<Held | undefined> {
    try {
      const bucket = await openBucket(this.#connection, LEASE_BUCKET);
      const entry = await this.#connection.whileConnected(bucket.get(this.#key));
      if (entry?.operation !== 'PUT') return undefined;
      const { revision } = entry;
      if (this.#observed?.revision !== revision) {
        this.#observed = { revision, sinceMs: this.#connection.clock.monotonicMs() };
      }
      return parseLease(entry);
    } catch (error) {
      throw readError(error, 'lease');
    }
  }

  #isExpired(held: Held): boolean {
    if (this.#observed?.revision !== held.revision) return false;
    return this.#connection.clock.monotonicMs() - this.#observed.sinceMs >= held.ttlMs;
  }

  /** The new revision; undefined where the lease changed since it was read. */
  async #write(value: StoredLease, revision: number | undefined): Promise<number | undefined> {
    return await this.#change(async () => {
      const bucket = await openBucket(this.#connection, LEASE_BUCKET);
      const text = encodeLease(value);
      if (revision === undefined) return await bucket.create(this.#key, text);
      return await bucket.update(this.#key, text, revision);
    });
  }

  async #change<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#connection.whileConnected(call());
    } catch (error) {
      if (isApiError(error, API_ERROR.wrongLastSequence)) return undefined;
      if (isApiError(error, API_ERROR.wrongLastSequenceUnknown)) return undefined;
      throw publishError(error, 'lease');
    }
  }
}

function parseLease(entry: KvEntry): Held {
  const { holder, ttlMs, term = entry.revision } = decodeLease(entry.string());
  return { lease: { holder, term }, revision: entry.revision, ttlMs };
}
