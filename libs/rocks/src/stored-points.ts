// The records of a store's points and of their vectors: how they are read, and what is added to the next write.
//
// Invariant: a point's record says which record of vectors belongs to it; another's is never taken for it.

import type { NamedVectors, PointId, StoredPoint } from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { pointDigest } from '@tributary/storage';
import type { RocksDatabase } from './database.ts';
import {
  crcOf,
  decodePoint,
  decodeVectors,
  type PointRecord,
  type RecordEncoder,
  type VectorsRecord,
} from './records.ts';

export interface StoredPointsOptions {
  /** Of the store, for errors. */
  readonly name: string;
  readonly database: RocksDatabase;
  readonly encoder: RecordEncoder;
}

export class StoredPoints {
  readonly #options: StoredPointsOptions;

  constructor(options: StoredPointsOptions) {
    this.#options = options;
  }

  /** Those of `ids`, whose keys are `keys`, in their order. Errors: `corrupt`. */
  records(
    ids: readonly PointId[],
    keys: readonly Uint8Array[],
  ): readonly (PointRecord | undefined)[] {
    return this.#options.database.getMany('points', keys).map((record, i) => {
      const key = keys[i];
      if (record === undefined || key === undefined) return undefined;
      return decodePoint(key, record, () => this.nameOf(ids[i]));
    });
  }

  /** Errors: `corrupt` where `record` is not that of the point's vectors. */
  vectorsOf(
    id: PointId,
    key: Uint8Array,
    point: PointRecord,
    record: Buffer | undefined,
  ): NamedVectors {
    if (point.vectorCount === 0) return {};
    const decoded: VectorsRecord | undefined =
      record && decodeVectors(key, record, () => `${this.nameOf(id)}, vectors`);
    if (decoded === undefined || decoded.crc !== point.vectorsCrc) {
      throw new TributaryError('corrupt', `${this.nameOf(id)}: its vectors are not its own`);
    }
    return decoded.vectors;
  }

  /** Adds the point to the next write and returns its digest. */
  put(
    key: Uint8Array,
    point: StoredPoint,
    old: PointRecord | undefined,
    keepsVectors: boolean,
  ): Uint8Array {
    const { database, encoder } = this.#options;
    const digest = pointDigest(point, key);
    if (keepsVectors) {
      const count = Object.keys(point.vectors).length;
      assert(old?.vectorCount === count, 'a change of payload alone keeps the vectors');
    }
    const vectorsCrc =
      keepsVectors && old !== undefined ? old.vectorsCrc : this.#putVectors(key, point, old);
    database.put('points', key, encoder.point(key, point, digest, vectorsCrc));
    return digest;
  }

  /** Adds to the next write that it goes. */
  delete(key: Uint8Array, old: PointRecord): void {
    const { database } = this.#options;
    database.delete('points', key);
    if (old.vectorCount > 0) database.delete('vectors', key);
  }

  /** For errors. */
  nameOf(id: PointId | undefined): string {
    return `store ${this.#options.name}, point ${id}`;
  }

  /** The CRC of the record; 0 where there is none. */
  #putVectors(key: Uint8Array, point: StoredPoint, old: PointRecord | undefined): number {
    const { database, encoder } = this.#options;
    const vectors = encoder.vectors(key, point);
    if (vectors !== undefined) {
      database.put('vectors', key, vectors);
      return crcOf(vectors);
    }
    if (old !== undefined && old.vectorCount > 0) database.delete('vectors', key);
    return 0;
  }
}
