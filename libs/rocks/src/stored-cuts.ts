// The cuts that a store keeps, among its records.
//
// Invariant: what is listed is what the database holds, as of the last write that was made.

import type { Sequence } from '@tributary/model';
import { assert } from '@tributary/runtime';
import { type BucketSums, CUTS_KEPT, type Cut, cutOf, type ReplicaState } from '@tributary/storage';
import type { RocksDatabase } from './database.ts';
import { CUTS_FROM, cutKey, decodeCut, type RecordEncoder, STATE_KEY } from './records.ts';

export class StoredCuts {
  readonly #name: string;
  readonly #database: RocksDatabase;
  #kept: readonly Cut[];

  /** `name` is that of the store, for errors. Errors: `corrupt`. */
  constructor(name: string, database: RocksDatabase) {
    this.#name = name;
    this.#database = database;
    this.#kept = this.#load();
  }

  /** The last one last. */
  get kept(): readonly Cut[] {
    return this.#kept;
  }

  /** Errors: `corrupt`. */
  bucketsAt(cut: Sequence): Uint8Array | undefined {
    const key = cutKey(cut);
    const [record] = this.#database.getMany('points', [key]);
    return record && decodeCut(key, record, () => this.#nameOf(cut)).buckets;
  }

  /**
   * Adds the state as a cut to the next write, and lets go of the oldest; returns what is kept then, for `written`.
   */
  put(state: ReplicaState, buckets: BucketSums | undefined, encoder: RecordEncoder): Cut[] {
    assert(buckets !== undefined, 'the buckets are known at a cut');
    const cut = cutOf(state);
    const key = cutKey(cut.sequence);
    this.#database.put('points', key, encoder.cut(key, cut, buckets.toBytes()));
    const kept = [...this.#kept, cut];
    for (const old of kept.splice(0, Math.max(0, kept.length - CUTS_KEPT))) {
      this.#database.delete('points', cutKey(old.sequence));
    }
    return kept;
  }

  written(kept: readonly Cut[]): void {
    this.#kept = kept;
  }

  #load(): readonly Cut[] {
    const cursor = this.#database.cursor('points', CUTS_FROM, STATE_KEY);
    try {
      const cuts: Cut[] = [];
      for (let row = cursor.next(); row !== undefined; row = cursor.next()) {
        cuts.push(decodeCut(row.key, row.value, () => `store ${this.#name}: a cut`).cut);
      }
      return cuts;
    } finally {
      cursor.close();
    }
  }

  #nameOf(at: Sequence): string {
    return `store ${this.#name}, the cut at ${at}`;
  }
}
