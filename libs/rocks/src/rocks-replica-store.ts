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
  type Tombstone,
} from '@tributary/model';
import { assert, atOnce, type Steps, TributaryError } from '@tributary/runtime';
import {
  areTotalsOf,
  BucketSums,
  type Cut,
  contentDigest,
  EMPTY_REPLICA_STATE,
  pointDigest,
  type ReplicaState,
  type ReplicaStore,
  type StagedCommit,
  StateTotals,
  type StoreChanges,
  type StoredDigest,
  type StoredPayload,
  stateAfter,
  tombstoneDigest,
} from '@tributary/storage';
import type { RocksCursor, RocksDatabase, Row } from './database.ts';
import {
  decodePoint,
  decodeState,
  IDS_END,
  type PointRecord,
  RecordEncoder,
  STATE_KEY,
} from './records.ts';
import { StoredCuts } from './stored-cuts.ts';
import { StoredPoints } from './stored-points.ts';
import { StoredTombstones, type TombstoneRow } from './stored-tombstones.ts';

const FIRST_KEY = Buffer.of(0x00);
/** Points of a step of a large commit; they take 1 to 5 ms. */
const STEP_POINTS = 256;

/** Of all stores of the thread: what it gives is copied into a write before it is used again. */
const ENCODER = new RecordEncoder();

export class RocksReplicaStore implements ReplicaStore {
  readonly #name: string;
  readonly #database: RocksDatabase;
  readonly #encoder = ENCODER;
  readonly #points: StoredPoints;
  readonly #cuts: StoredCuts;
  readonly #tombstones: StoredTombstones;
  readonly #onClose: () => void;
  #state: ReplicaState;
  /** Those of the state; undefined until every point was walked over once. */
  #buckets: BucketSums | undefined;
  /** While the next write holds a part of a commit. */
  #staging: PromiseWithResolvers<void> | undefined;
  #closing: Promise<void> | undefined;

  /** Throws `corrupt` where the stored state cannot be read. */
  constructor(name: string, database: RocksDatabase, onClose: () => void) {
    this.#name = name;
    this.#database = database;
    this.#onClose = onClose;
    this.#state = this.#loadState();
    const encoder = this.#encoder;
    this.#points = new StoredPoints({ name, database, encoder });
    this.#cuts = new StoredCuts(name, database);
    this.#tombstones = new StoredTombstones({ name, database, encoder, state: () => this.#state });
    const { pointsCount, tombstonesCount } = this.#state;
    if (pointsCount + tombstonesCount === 0) this.#buckets = new BucketSums();
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
    const points = this.#points.records(ids, keys);
    const vectors = this.#database.getMany('vectors', keys);
    return points.map((point, i) => {
      const id = ids[i];
      const key = keys[i];
      if (point === undefined || id === undefined || key === undefined) return undefined;
      return storedPoint(id, point, this.#points.vectorsOf(id, key, point, vectors[i]));
    });
  }

  getPayloads(ids: readonly PointId[]): (StoredPayload | undefined)[] {
    return this.#points.records(ids, ids.map(pointIdToBytes)).map((point, i) => {
      const id = ids[i];
      if (point === undefined || id === undefined) return undefined;
      return { id, version: point.version, payload: point.payload };
    });
  }

  scan(from?: PointId): IterableIterator<StoredPoint> {
    const key = from === undefined ? FIRST_KEY : pointIdToBytes(from);
    // Nothing is written between these calls, so the cursors see one state.
    const points = this.#database.cursor('points', key, IDS_END);
    const vectors = this.#database.cursor('vectors', key, IDS_END);
    if (from !== undefined) return this.#walk(points, vectors, undefined, undefined);
    return this.#walk(points, vectors, this.#tombstones.cursor(), this.#state);
  }

  scanPayloads(from?: PointId): IterableIterator<StoredPayload> {
    const key = from === undefined ? FIRST_KEY : pointIdToBytes(from);
    return this.#walkRecords(this.#database.cursor('points', key, IDS_END), payloadOf);
  }

  scanDigests(): IterableIterator<StoredDigest> {
    const points = this.#database.cursor('points', FIRST_KEY, IDS_END);
    return this.#walkDigests(points, this.#tombstones.cursor());
  }

  scanTombstones(): IterableIterator<Tombstone> {
    return this.#tombstones.rows(this.#tombstones.cursor()).map(tombstoneOf);
  }

  async prepare(): Promise<void> {
    this.#assertOpen();
  }

  commit(changes: StoreChanges): ReplicaState {
    using staged = atOnce(this.stage(changes));
    return staged.write();
  }

  *stage(changes: StoreChanges): Steps<StagedCommit> {
    const ids = [...changes.puts.map((point) => point.id), ...changes.deletes];
    assert(
      new Set(ids).size === ids.length,
      'an id stands at most once in the changes of a commit',
    );
    assert(this.#staging === undefined, 'a commit is written before the next one is staged');
    this.#staging = Promise.withResolvers();
    let isStaged = false;
    try {
      const buckets = yield* this.#bucketsOf(changes);
      const totals = new StateTotals(this.#state, buckets);
      for (let from = 0; from < ids.length; from += STEP_POINTS) {
        if (from > 0) yield;
        this.#stage(changes, ids, from, totals);
      }
      this.#tombstones.leave(changes, totals);
      const state = stateAfter(this.#state, changes, totals);
      isStaged = true;
      return this.#staged(state, buckets, changes.isCut === true);
    } finally {
      if (!isStaged) this.#forgetStaged();
    }
  }

  /** Adds some of the changes to the next write. */
  #stage(changes: StoreChanges, all: readonly PointId[], from: number, totals: StateTotals): void {
    const ids = all.slice(from, from + STEP_POINTS);
    const keys = ids.map(pointIdToBytes);
    const previous = this.#points.records(ids, keys);
    this.#tombstones.take(keys, totals);
    for (const [i, key] of keys.entries()) {
      const old = previous[i];
      if (old !== undefined) totals.subtractPoint(key, old, old.payload.length);
      const point = changes.puts[from + i];
      if (point !== undefined) {
        const keepsVectors = old !== undefined && changes.payloadOnly?.has(point.id) === true;
        const digest = this.#points.put(key, point, old, keepsVectors);
        totals.addPoint(key, { version: point.version, digest }, point.payload.length);
      } else if (old !== undefined) {
        this.#points.delete(key, old);
      }
    }
  }

  /** `buckets` are those of the state, where they are known. */
  #staged(state: ReplicaState, buckets: BucketSums | undefined, isCut: boolean): StagedCommit {
    let isWritten = false;
    return {
      write: () => {
        this.#database.put('points', STATE_KEY, this.#encoder.state(state));
        const cuts = isCut && this.#cuts.put(state, buckets, this.#encoder);
        this.#database.write({ sync: false });
        isWritten = true;
        this.#state = state;
        // A walk that ended meanwhile found those of the state before.
        this.#buckets = buckets;
        if (cuts) this.#cuts.written(cuts);
        this.#endStaging();
        return state;
      },
      [Symbol.dispose]: () => {
        if (!isWritten) this.#forgetStaged();
      },
    };
  }

  #forgetStaged(): void {
    this.#database.discard();
    // They have what was not written.
    this.#buckets = undefined;
    this.#endStaging();
  }

  #endStaging(): void {
    this.#staging?.resolve();
    this.#staging = undefined;
  }

  async flush(): Promise<Sequence> {
    await this.#database.startSync();
    while (this.#staging !== undefined) await this.#staging.promise;
    this.#database.put('points', STATE_KEY, this.#encoder.state(this.#state));
    this.#database.write({ sync: true });
    this.#database.releasePreallocated();
    return this.#state.appliedSequence;
  }

  verify(): ReplicaState {
    const totals = new StateTotals();
    for (const point of this.scan()) {
      const { id, version, payload } = point;
      totals.addPoint(pointIdToBytes(id), { version, digest: pointDigest(point) }, payload.length);
    }
    for (const tombstone of this.scanTombstones()) {
      const { id, version } = tombstone;
      totals.addTombstone(pointIdToBytes(id), { version, digest: tombstoneDigest(tombstone) });
    }
    this.#compare(totals, this.#state);
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
  *#bucketsOf({ isCut }: StoreChanges): Steps<BucketSums | undefined> {
    if (this.#buckets === undefined && isCut === true) {
      let taken = 0;
      for (const _ of this.scan()) {
        taken++;
        if (taken % STEP_POINTS === 0) yield;
      }
    }
    return this.#buckets;
  }

  /** `whole` is the state whose points these are, where the walk goes over all of them. */
  *#walk(
    points: RocksCursor,
    vectors: RocksCursor,
    tombstones: RocksCursor | undefined,
    whole: ReplicaState | undefined,
  ): IterableIterator<StoredPoint> {
    const buckets = new BucketSums();
    const totals = new StateTotals(undefined, buckets);
    try {
      for (let row = points.next(); row !== undefined; row = points.next()) {
        const id = this.#idOf(row);
        const point = decodePoint(row.key, row.value, () => this.#points.nameOf(id));
        const vectorsRow = point.vectorCount > 0 ? vectors.next() : undefined;
        const belongs = vectorsRow?.key.equals(row.key) ? vectorsRow.value : undefined;
        totals.addPoint(row.key, point, point.payload.length);
        yield storedPoint(id, point, this.#points.vectorsOf(id, row.key, point, belongs));
        this.#assertOpen();
      }
      // A database that lost a file and the note of it has fewer points, each of them sound.
      if (whole !== undefined) {
        for (const each of this.#tombstones.rows(tombstones)) {
          totals.addTombstone(each.idBytes, each.record);
        }
        this.#compare(totals, whole);
      }
      if (whole === this.#state) this.#buckets = buckets;
      if (vectors.next() !== undefined) {
        throw new TributaryError('corrupt', `store ${this.#name}: it has vectors of no point`);
      }
    } finally {
      points.close();
      vectors.close();
      tombstones?.close();
    }
  }

  *#walkDigests(
    points: RocksCursor,
    tombstones: RocksCursor | undefined,
  ): IterableIterator<StoredDigest> {
    yield* this.#walkRecords(points, digestOf);
    for (const { id, record } of this.#tombstones.rows(tombstones)) yield digestOf(id, record);
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
          decodePoint(row.key, row.value, () => this.#points.nameOf(id)),
        );
        this.#assertOpen();
      }
    } finally {
      points.close();
    }
  }

  #compare(totals: StateTotals, state: ReplicaState): void {
    if (areTotalsOf(totals, state)) return;
    const { contentHash, pointsCount } = totals.get();
    throw new TributaryError(
      'corrupt',
      `store ${this.#name}: its ${pointsCount} points give the hash ${contentHash}, ` +
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

  #assertOpen(): void {
    assert(this.#closing === undefined, `the store ${this.#name} is open`);
  }
}

function payloadOf(id: PointId, { version, payload }: PointRecord): StoredPayload {
  return { id, version, payload };
}

function digestOf(id: PointId, { version, digest }: PointRecord): StoredDigest {
  return { id, version, digest: contentDigest(digest, version) };
}

function tombstoneOf({ id, record: { version, stamp, origin } }: TombstoneRow): Tombstone {
  return { id, version, stamp, ...(origin !== undefined && { origin }) };
}

function storedPoint(id: PointId, record: PointRecord, vectors: NamedVectors): StoredPoint {
  const { version, stamp, origin, payload } = record;
  return { id, version, stamp, payload, vectors, ...(origin !== undefined && { origin }) };
}
