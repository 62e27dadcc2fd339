// The tombstones that a store keeps, among its records and beside the points, so that nothing that reads points meets
// one.
//
// Invariant: a store without tombstones is never asked for one.

import { type PointId, pointIdFromBytes, pointIdToBytes } from '@tributary/model';
import { assert } from '@tributary/runtime';
import {
  type ReplicaState,
  type StateTotals,
  type StoreChanges,
  tombstoneDigest,
} from '@tributary/storage';
import type { RocksCursor, RocksDatabase } from './database.ts';
import {
  decodePoint,
  type PointRecord,
  type RecordEncoder,
  TOMBSTONES_END,
  TOMBSTONES_FROM,
  tombstoneKey,
} from './records.ts';

export interface TombstoneRow {
  readonly id: PointId;
  readonly idBytes: Uint8Array;
  readonly record: PointRecord;
}

export interface StoredTombstonesOptions {
  /** Of the store, for errors. */
  readonly name: string;
  readonly database: RocksDatabase;
  readonly encoder: RecordEncoder;
  readonly state: () => ReplicaState;
}

export class StoredTombstones {
  readonly #options: StoredTombstonesOptions;

  constructor(options: StoredTombstonesOptions) {
    this.#options = options;
  }

  /** Adds to the next write that those of these ids go. Errors: `corrupt`. */
  take(idKeys: readonly Uint8Array[], totals: StateTotals): void {
    if (this.#areNone) return;
    const { database } = this.#options;
    const keys = idKeys.map(tombstoneKey);
    for (const [i, bytes] of database.getMany('points', keys).entries()) {
      const [idBytes, key] = [idKeys[i], keys[i]];
      if (bytes === undefined || idBytes === undefined || key === undefined) continue;
      totals.subtractTombstone(idBytes, this.#decode(key, bytes));
      database.delete('points', key);
    }
  }

  /** Adds those that a commit leaves to the next write, after it took the earlier ones. */
  leave({ deletes, tombstones = [] }: StoreChanges, totals: StateTotals): void {
    if (tombstones.length === 0) return;
    const { database, encoder } = this.#options;
    const deleted = new Set(deletes);
    for (const tombstone of tombstones) {
      const { id, version } = tombstone;
      assert(deleted.has(id), 'a tombstone is of a point that is deleted');
      const idBytes = pointIdToBytes(id);
      const key = tombstoneKey(idBytes);
      const digest = tombstoneDigest(tombstone, idBytes);
      database.put('points', key, encoder.tombstone(key, tombstone, digest));
      totals.addTombstone(idBytes, { version, digest });
    }
  }

  /** Over all there are at this call, for `rows`; undefined where there are none. Close it, or read it to its end. */
  cursor(): RocksCursor | undefined {
    if (this.#areNone) return undefined;
    return this.#options.database.cursor('points', TOMBSTONES_FROM, TOMBSTONES_END);
  }

  /** In id order. Errors: `corrupt`. */
  *rows(cursor: RocksCursor | undefined): Generator<TombstoneRow> {
    try {
      for (let row = cursor?.next(); row !== undefined; row = cursor?.next()) {
        const idBytes = row.key.subarray(TOMBSTONES_FROM.length);
        const record = this.#decode(row.key, row.value);
        yield { id: pointIdFromBytes(idBytes), idBytes, record };
      }
    } finally {
      cursor?.close();
    }
  }

  get #areNone(): boolean {
    return this.#options.state().tombstonesCount === 0;
  }

  #decode(key: Uint8Array, bytes: Buffer): PointRecord {
    const what = () => `store ${this.#options.name}, tombstone ${Buffer.from(key).toString('hex')}`;
    return decodePoint(key, bytes, what);
  }
}
