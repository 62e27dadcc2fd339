// The store of one replica on RocksDB.
//
// Invariant: a commit is one write of points, vectors and state, so the database opens at the state after some commit.
// What a record says is checked before it is believed: its own CRC, and that a point and its vectors belong together.

import {
  type NamedVectors,
  type PointId,
  pointIdFromBytes,
  pointIdToBytes,
  type Sequence,
  type StoredPoint,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import {
  BucketSums,
  ContentHash,
  type Cut,
  EMPTY_REPLICA_STATE,
  pointDigest,
  type ReplicaState,
  type ReplicaStore,
  type StoreChanges,
  type StoredDigest,
  type StoredPayload,
} from '@tributary/storage';
import type { RocksCursor, RocksDatabase, Row } from './database.ts';
import {
  crcOf,
  decodePoint,
  decodeState,
  decodeVectors,
  IDS_END,
  type PointRecord,
  RecordEncoder,
  STATE_KEY,
  type VectorsRecord,
} from './records.ts';
import { StoredCuts } from './stored-cuts.ts';

const FIRST_KEY = Buffer.of(0x00);

export class RocksReplicaStore implements ReplicaStore {
  readonly #name: string;
  readonly #database: RocksDatabase;
  readonly #encoder = new RecordEncoder();
  readonly #cuts: StoredCuts;
  readonly #onClose: () => void;
  #state: ReplicaState;
  /** Those of the state; undefined until every point was walked over once. */
  #buckets: BucketSums | undefined;
  #closing: Promise<void> | undefined;

  /** Throws `corrupt` where the stored state cannot be read. */
  constructor(name: string, database: RocksDatabase, onClose: () => void) {
    this.#name = name;
    this.#database = database;
    this.#onClose = onClose;
    this.#state = this.#loadState();
    this.#cuts = new StoredCuts(name, database);
    if (this.#state.pointsCount === 0) this.#buckets = new BucketSums();
    database.releasePreallocated();
  }

  get state(): ReplicaState {
    return this.#state;
  }

  get cuts(): readonly Cut[] {
    return this.#cuts.kept;
  }

  bucketsAt(cut: Sequence): Uint8Array | undefined {
    return this.#cuts.bucketsAt(cut);
  }

  get(ids: readonly PointId[]): (StoredPoint | undefined)[] {
    const keys = ids.map(pointIdToBytes);
    const points = this.#getPoints(ids, keys);
    const vectors = this.#database.getMany('vectors', keys);
    return points.map((point, i) => {
      const id = ids[i];
      const key = keys[i];
      if (point === undefined || id === undefined || key === undefined) return undefined;
      return storedPoint(id, point, this.#vectorsOf(id, key, point, vectors[i]));
    });
  }

  getPayloads(ids: readonly PointId[]): (StoredPayload | undefined)[] {
    return this.#getPoints(ids, ids.map(pointIdToBytes)).map((point, i) => {
      const id = ids[i];
      if (point === undefined || id === undefined) return undefined;
      return { id, version: point.version, payload: point.payload };
    });
  }

  scan(from?: PointId): IterableIterator<StoredPoint> {
    const key = from === undefined ? FIRST_KEY : pointIdToBytes(from);
    // Nothing is written between these two calls, so both cursors see one state.
    const points = this.#database.cursor('points', key, IDS_END);
    const vectors = this.#database.cursor('vectors', key, IDS_END);
    return this.#walk(points, vectors, from === undefined ? this.#state : undefined);
  }

  scanPayloads(from?: PointId): IterableIterator<StoredPayload> {
    const key = from === undefined ? FIRST_KEY : pointIdToBytes(from);
    return this.#walkRecords(this.#database.cursor('points', key, IDS_END), payloadOf);
  }

  scanDigests(): IterableIterator<StoredDigest> {
    return this.#walkRecords(this.#database.cursor('points', FIRST_KEY, IDS_END), digestOf);
  }

  async prepare(): Promise<void> {
    this.#assertOpen();
  }

  commit(changes: StoreChanges): ReplicaState {
    const { puts, deletes } = changes;
    const ids = [...puts.map((point) => point.id), ...deletes];
    assert(
      new Set(ids).size === ids.length,
      'an id stands at most once in the changes of a commit',
    );
    const keys = ids.map(pointIdToBytes);
    const previous = this.#getPoints(ids, keys);
    const hash = new ContentHash(this.#state.contentHash);
    let { pointsCount, payloadBytes } = this.#state;
    const buckets = this.#bucketsOf(changes);
    try {
      for (let i = 0; i < ids.length; i++) {
        const key = keys[i];
        assert(key !== undefined, 'each id has its key');
        const old = previous[i];
        if (old !== undefined) {
          hash.subtract(old.digest);
          payloadBytes -= old.payload.length;
          buckets?.subtract(key, old.digest);
        }
        const point = puts[i];
        if (point !== undefined) {
          const keepsVectors = old !== undefined && changes.payloadOnly?.has(point.id) === true;
          const digest = this.#put(key, point, old, keepsVectors);
          hash.add(digest);
          payloadBytes += point.payload.length;
          buckets?.add(key, digest);
          if (old === undefined) pointsCount++;
        } else if (old !== undefined) {
          this.#database.delete('points', key);
          if (old.vectorCount > 0) this.#database.delete('vectors', key);
          pointsCount--;
        }
      }
      const vectorSchema = changes.vectorSchema ?? this.#state.vectorSchema;
      const state: ReplicaState = {
        appliedSequence: changes.appliedSequence,
        appliedCount: changes.appliedCount,
        contentHash: hash.toString(),
        pointsCount,
        payloadBytes,
        lastStamp: changes.lastStamp ?? this.#state.lastStamp,
        payloadSchema: changes.payloadSchema ?? this.#state.payloadSchema,
        ...(vectorSchema && { vectorSchema }),
      };
      this.#database.put('points', STATE_KEY, this.#encoder.state(state));
      const cuts = changes.isCut === true && this.#cuts.put(state, buckets, this.#encoder);
      this.#database.write({ sync: false });
      this.#state = state;
      if (cuts) this.#cuts.written(cuts);
      return state;
    } catch (error) {
      this.#database.discard();
      // They have what was not written.
      this.#buckets = undefined;
      throw error;
    }
  }

  async flush(): Promise<Sequence> {
    await this.#database.startSync();
    this.#database.put('points', STATE_KEY, this.#encoder.state(this.#state));
    this.#database.write({ sync: true });
    this.#database.releasePreallocated();
    return this.#state.appliedSequence;
  }

  verify(): ReplicaState {
    const hash = new ContentHash();
    let pointsCount = 0;
    for (const point of this.scan()) {
      hash.add(pointDigest(point));
      pointsCount++;
    }
    this.#compare(hash, pointsCount, this.#state);
    return this.#state;
  }

  close(): Promise<void> {
    this.#closing ??= this.#database.close().finally(this.#onClose);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #loadState(): ReplicaState {
    const [record] = this.#database.getMany('points', [STATE_KEY]);
    if (record !== undefined) return decodeState(record, () => `store ${this.#name}: the state`);
    const cursor = this.#database.cursor('points', FIRST_KEY, IDS_END);
    const isEmpty = cursor.next() === undefined;
    cursor.close();
    if (!isEmpty) {
      throw new TributaryError('corrupt', `store ${this.#name}: it has points and no state`);
    }
    return EMPTY_REPLICA_STATE;
  }

  /** The sums to be kept up with the changes; those of a store that was not walked over are only needed at a cut. */
  #bucketsOf({ isCut }: StoreChanges): BucketSums | undefined {
    if (this.#buckets === undefined && isCut === true) {
      const points = this.scan();
      while (!points.next().done);
    }
    return this.#buckets;
  }

  /** Adds the point to the next write and returns its digest. */
  #put(
    key: Uint8Array,
    point: StoredPoint,
    old: PointRecord | undefined,
    keepsVectors: boolean,
  ): Uint8Array {
    const digest = pointDigest(point, key);
    if (keepsVectors) {
      const count = Object.keys(point.vectors).length;
      assert(old?.vectorCount === count, 'a change of payload alone keeps the vectors');
    }
    const vectorsCrc =
      keepsVectors && old !== undefined ? old.vectorsCrc : this.#putVectors(key, point, old);
    this.#database.put('points', key, this.#encoder.point(key, point, digest, vectorsCrc));
    return digest;
  }

  /** The CRC of the record; 0 where there is none. */
  #putVectors(key: Uint8Array, point: StoredPoint, old: PointRecord | undefined): number {
    const vectors = this.#encoder.vectors(key, point);
    if (vectors !== undefined) {
      this.#database.put('vectors', key, vectors);
      return crcOf(vectors);
    }
    if (old !== undefined && old.vectorCount > 0) this.#database.delete('vectors', key);
    return 0;
  }

  #getPoints(
    ids: readonly PointId[],
    keys: readonly Uint8Array[],
  ): readonly (PointRecord | undefined)[] {
    return this.#database.getMany('points', keys).map((record, i) => {
      const key = keys[i];
      if (record === undefined || key === undefined) return undefined;
      return decodePoint(key, record, () => this.#pointName(ids[i]));
    });
  }

  #vectorsOf(
    id: PointId,
    key: Uint8Array,
    point: PointRecord,
    record: Buffer | undefined,
  ): NamedVectors {
    if (point.vectorCount === 0) return {};
    const decoded: VectorsRecord | undefined =
      record && decodeVectors(key, record, () => `${this.#pointName(id)}, vectors`);
    if (decoded === undefined || decoded.crc !== point.vectorsCrc) {
      throw new TributaryError('corrupt', `${this.#pointName(id)}: its vectors are not its own`);
    }
    return decoded.vectors;
  }

  /** `whole` is the state whose points these are, where the walk goes over all of them. */
  *#walk(
    points: RocksCursor,
    vectors: RocksCursor,
    whole: ReplicaState | undefined,
  ): IterableIterator<StoredPoint> {
    const hash = new ContentHash();
    const buckets = new BucketSums();
    let pointsCount = 0;
    try {
      for (let row = points.next(); row !== undefined; row = points.next()) {
        const id = this.#idOf(row);
        const point = decodePoint(row.key, row.value, () => this.#pointName(id));
        const vectorsRow = point.vectorCount > 0 ? vectors.next() : undefined;
        const belongs = vectorsRow?.key.equals(row.key) ? vectorsRow.value : undefined;
        hash.add(point.digest);
        buckets.add(row.key, point.digest);
        pointsCount++;
        yield storedPoint(id, point, this.#vectorsOf(id, row.key, point, belongs));
        this.#assertOpen();
      }
      // A database that lost a file and the note of it has fewer points, each of them sound.
      if (whole !== undefined) this.#compare(hash, pointsCount, whole);
      if (whole === this.#state) this.#buckets = buckets;
      if (vectors.next() !== undefined) {
        throw new TributaryError('corrupt', `store ${this.#name}: it has vectors of no point`);
      }
    } finally {
      points.close();
      vectors.close();
    }
  }

  *#walkRecords<T>(
    points: RocksCursor,
    view: (id: PointId, record: PointRecord) => T,
  ): IterableIterator<T> {
    try {
      for (let row = points.next(); row !== undefined; row = points.next()) {
        const id = this.#idOf(row);
        yield view(
          id,
          decodePoint(row.key, row.value, () => this.#pointName(id)),
        );
        this.#assertOpen();
      }
    } finally {
      points.close();
    }
  }

  #compare(hash: ContentHash, pointsCount: number, state: ReplicaState): void {
    if (hash.toString() === state.contentHash && pointsCount === state.pointsCount) return;
    throw new TributaryError(
      'corrupt',
      `store ${this.#name}: its ${pointsCount} points give the hash ${hash}, ` +
        `its state says ${state.pointsCount} and ${state.contentHash}`,
    );
  }

  #idOf(row: Row): PointId {
    try {
      return pointIdFromBytes(row.key);
    } catch (cause) {
      const key = row.key.toString('hex');
      throw new TributaryError('corrupt', `store ${this.#name}: ${key} is no id`, { cause });
    }
  }

  #pointName(id: PointId | undefined): string {
    return `store ${this.#name}, point ${id}`;
  }

  #assertOpen(): void {
    assert(this.#closing === undefined, `the store ${this.#name} is open`);
  }
}

function payloadOf(id: PointId, { version, payload }: PointRecord): StoredPayload {
  return { id, version, payload };
}

function digestOf(id: PointId, { version, digest }: PointRecord): StoredDigest {
  return { id, version, digest };
}

function storedPoint(id: PointId, record: PointRecord, vectors: NamedVectors): StoredPoint {
  const { version, stamp, origin, payload } = record;
  return { id, version, stamp, payload, vectors, ...(origin !== undefined && { origin }) };
}
