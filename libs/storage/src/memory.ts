// Replica stores in memory, for tests and simulations. A store's points outlive its handle, as files would.
//
// Invariant: `crash` leaves a state the store was once in: that of the last flush or of any commit after it. For that
// each commit since the flush is kept with what undoes it; beyond `unflushedCommitsMax` the oldest counts as flushed,
// as a disk may write at any time.

import {
  comparePointIds,
  isDense,
  isSparse,
  type PointId,
  pointIdToBytes,
  type Sequence,
  type StoredPoint,
  type Tombstone,
  type VectorValue,
} from '@tributary/model';
import { assert, type Steps, TributaryError } from '@tributary/runtime';
import { BucketSums } from './bucket-sums.ts';
import { contentDigest, pointDigest, tombstoneDigest } from './content-hash.ts';
import {
  CUTS_KEPT,
  type Cut,
  cutOf,
  EMPTY_REPLICA_STATE,
  type ReplicaState,
  type ReplicaStore,
  type ReplicaStores,
  type StagedCommit,
  type StoreChanges,
  type StoredDigest,
  type StoredPayload,
} from './replica-store.ts';
import { areTotalsOf, StateTotals, stateAfter } from './state-totals.ts';

interface CutWithBuckets extends Cut {
  readonly buckets: Uint8Array;
}

interface Undo {
  readonly state: ReplicaState;
  readonly cuts: readonly CutWithBuckets[];
  readonly previous: readonly (readonly [
    PointId,
    StoredPoint | undefined,
    Tombstone | undefined,
  ])[];
}

/** What a disk would hold of one store. */
interface Volume {
  state: ReplicaState;
  readonly points: Map<PointId, StoredPoint>;
  readonly tombstones: Map<PointId, Tombstone>;
  cuts: readonly CutWithBuckets[];
  undos: Undo[];
  open: MemoryReplicaStore | undefined;
}

export class MemoryReplicaStores implements ReplicaStores {
  readonly #volumes = new Map<string, Volume>();
  readonly #unflushedCommitsMax: number;

  constructor(options: { readonly unflushedCommitsMax?: number } = {}) {
    this.#unflushedCommitsMax = options.unflushedCommitsMax ?? 1_000;
  }

  async open(name: string): Promise<ReplicaStore> {
    let volume = this.#volumes.get(name);
    if (volume === undefined) {
      const nothing = {
        points: new Map(),
        tombstones: new Map(),
        cuts: [],
        undos: [],
        open: undefined,
      };
      volume = { state: EMPTY_REPLICA_STATE, ...nothing };
      this.#volumes.set(name, volume);
    }
    if (volume.open !== undefined) {
      throw new TributaryError('unavailable', `the store ${name} is open already`);
    }
    const store = new MemoryReplicaStore(name, volume, this.#unflushedCommitsMax);
    volume.open = store;
    return store;
  }

  async drop(name: string): Promise<void> {
    assert(
      this.#volumes.get(name)?.open === undefined,
      `the store ${name} is closed before a drop`,
    );
    this.#volumes.delete(name);
  }

  async list(): Promise<string[]> {
    return [...this.#volumes.keys()].sort();
  }

  /** Commits since the last flush: what a crash may lose. */
  unflushedCommits(name: string): number {
    return this.#volume(name).undos.length;
  }

  /** Ends the open handle as a kill would and loses the newest `commitsLost` of the unflushed commits. */
  crash(name: string, commitsLost: number): void {
    const volume = this.#volume(name);
    assert(commitsLost <= volume.undos.length, 'a crash loses unflushed commits only');
    volume.open?.kill();
    for (let lost = 0; lost < commitsLost; lost++) {
      const undo = volume.undos.pop();
      if (undo !== undefined) applyUndo(volume, undo);
    }
  }

  /** Changes the stored payload of a point behind the store's back. */
  corrupt(name: string, id: PointId): void {
    const volume = this.#volume(name);
    const point = volume.points.get(id);
    assert(point !== undefined, `the point to corrupt is there: ${id}`);
    volume.points.set(id, { ...point, payload: Buffer.concat([point.payload, Buffer.from(' ')]) });
  }

  #volume(name: string): Volume {
    const volume = this.#volumes.get(name);
    assert(volume !== undefined, `there is a store named ${name}`);
    return volume;
  }
}

class MemoryReplicaStore implements ReplicaStore {
  readonly #name: string;
  readonly #volume: Volume;
  readonly #unflushedCommitsMax: number;
  #ordered: readonly StoredPoint[] | undefined;
  #closed = false;

  constructor(name: string, volume: Volume, unflushedCommitsMax: number) {
    this.#name = name;
    this.#volume = volume;
    this.#unflushedCommitsMax = unflushedCommitsMax;
  }

  get state(): ReplicaState {
    return this.#volume.state;
  }

  get(ids: readonly PointId[]): (StoredPoint | undefined)[] {
    this.#assertOpen();
    return ids.map((id) => {
      const point = this.#volume.points.get(id);
      return point === undefined ? undefined : copyOf(point);
    });
  }

  getPayloads(ids: readonly PointId[]): (StoredPayload | undefined)[] {
    this.#assertOpen();
    return ids.map((id) => {
      const point = this.#volume.points.get(id);
      return point === undefined ? undefined : payloadOf(point);
    });
  }

  scan(from?: PointId): IterableIterator<StoredPoint> {
    return this.#scan(from, copyOf);
  }

  scanPayloads(from?: PointId): IterableIterator<StoredPayload> {
    return this.#scan(from, payloadOf);
  }

  scanDigests(): IterableIterator<StoredDigest> {
    const tombstones = this.#orderedTombstones();
    return joined(this.#scan(undefined, digestOf), tombstones.map(digestOfTombstone));
  }

  async prepare(): Promise<void> {
    this.#assertOpen();
  }

  scanTombstones(): IterableIterator<Tombstone> {
    return this.#orderedTombstones().values();
  }

  *stage(changes: StoreChanges): Steps<StagedCommit> {
    yield;
    this.#assertOpen();
    return { write: () => this.commit(changes), [Symbol.dispose]: () => {} };
  }

  commit(changes: StoreChanges): ReplicaState {
    this.#assertOpen();
    const { points, tombstones, undos } = this.#volume;
    const ids = [...changes.puts.map(({ id }) => id), ...changes.deletes];
    assert(
      new Set(ids).size === ids.length,
      'an id stands at most once in the changes of a commit',
    );
    const left = changes.tombstones ?? [];
    const deleted = new Set(changes.deletes);
    assert(
      left.every(({ id }) => deleted.has(id)),
      'a tombstone is of a point that is deleted',
    );
    const previous = ids.map((id) => [id, points.get(id), tombstones.get(id)] as const);
    const totals = new StateTotals(this.state);
    for (const [id, point, tombstone] of previous) {
      if (point !== undefined) takePoint(totals, point, 'subtractPoint');
      if (tombstone !== undefined) takeTombstone(totals, tombstone, 'subtractTombstone');
      points.delete(id);
      tombstones.delete(id);
    }
    for (const point of changes.puts) {
      takePoint(totals, point, 'addPoint');
      points.set(point.id, copyOf(point));
    }
    for (const tombstone of left) {
      takeTombstone(totals, tombstone, 'addTombstone');
      tombstones.set(tombstone.id, tombstone);
    }
    undos.push({ state: this.state, cuts: this.#volume.cuts, previous });
    if (undos.length > this.#unflushedCommitsMax) undos.shift();
    this.#ordered = undefined;
    this.#volume.state = stateAfter(this.state, changes, totals);
    if (changes.isCut === true) this.#keepCut();
    return this.state;
  }

  get cuts(): readonly Cut[] {
    return this.#volume.cuts.map(({ buckets: _, ...cut }) => cut);
  }

  bucketsAt(cut: Sequence): Uint8Array | undefined {
    return this.#volume.cuts.find(({ sequence: at }) => at === cut)?.buckets;
  }

  async flush(): Promise<Sequence> {
    this.#assertOpen();
    this.#volume.undos = [];
    return this.state.appliedSequence;
  }

  verify(): ReplicaState {
    this.#assertOpen();
    const totals = new StateTotals();
    for (const point of this.#volume.points.values()) takePoint(totals, point, 'addPoint');
    for (const tombstone of this.#volume.tombstones.values()) {
      takeTombstone(totals, tombstone, 'addTombstone');
    }
    if (!areTotalsOf(totals, this.state)) {
      throw new TributaryError('corrupt', `store ${this.#name}: the points do not give its hash`);
    }
    return this.state;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.kill();
    this.#volume.undos = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  kill(): void {
    this.#closed = true;
    if (this.#volume.open === this) this.#volume.open = undefined;
  }

  #keepCut(): void {
    const sums = new BucketSums();
    for (const { id, digest } of this.scanDigests()) sums.add(pointIdToBytes(id), digest);
    const cut = { ...cutOf(this.state), buckets: sums.toBytes() };
    this.#volume.cuts = [...this.#volume.cuts, cut].slice(-CUTS_KEPT);
  }

  #scan<T>(from: PointId | undefined, view: (point: StoredPoint) => T): IterableIterator<T> {
    this.#assertOpen();
    this.#ordered ??= [...this.#volume.points.values()].sort((a, b) => comparePointIds(a.id, b.id));
    return this.#walk(this.#ordered, from, view);
  }

  *#walk<T>(
    ordered: readonly StoredPoint[],
    from: PointId | undefined,
    view: (point: StoredPoint) => T,
  ): IterableIterator<T> {
    for (const point of ordered) {
      this.#assertOpen();
      if (from === undefined || comparePointIds(point.id, from) >= 0) yield view(point);
    }
  }

  #orderedTombstones(): Tombstone[] {
    this.#assertOpen();
    return [...this.#volume.tombstones.values()].sort((a, b) => comparePointIds(a.id, b.id));
  }

  #assertOpen(): void {
    assert(!this.#closed, `the store ${this.#name} is open`);
  }
}

function applyUndo(volume: Volume, undo: Undo): void {
  volume.state = undo.state;
  volume.cuts = undo.cuts;
  for (const [id, point, tombstone] of undo.previous) {
    if (point === undefined) volume.points.delete(id);
    else volume.points.set(id, point);
    if (tombstone === undefined) volume.tombstones.delete(id);
    else volume.tombstones.set(id, tombstone);
  }
}

// Callers reuse their buffers once a call has returned, as they may with a store that writes bytes.
function copyOf(point: StoredPoint): StoredPoint {
  const vectors = Object.entries(point.vectors).map(
    ([name, vector]) => [name, copyOfVector(vector)] as const,
  );
  const { stamp, origin } = point;
  return {
    ...payloadOf(point),
    vectors: Object.fromEntries(vectors),
    stamp,
    ...(origin !== undefined && { origin }),
  };
}

function copyOfVector(vector: VectorValue): VectorValue {
  if (isDense(vector)) return vector.slice();
  if (isSparse(vector)) return { indices: vector.indices.slice(), values: vector.values.slice() };
  return { size: vector.size, rows: vector.rows.slice() };
}

function payloadOf(point: StoredPoint): StoredPayload {
  return { id: point.id, version: point.version, payload: Uint8Array.from(point.payload) };
}

function digestOf(point: StoredPoint): StoredDigest {
  const { id, version } = point;
  return { id, version, digest: contentDigest(pointDigest(point), version) };
}

function digestOfTombstone(tombstone: Tombstone): StoredDigest {
  const { id, version } = tombstone;
  return { id, version, digest: contentDigest(tombstoneDigest(tombstone), version) };
}

function* joined<T>(...parts: readonly Iterable<T>[]): IterableIterator<T> {
  for (const part of parts) yield* part;
}

function takePoint(
  totals: StateTotals,
  point: StoredPoint,
  how: 'addPoint' | 'subtractPoint',
): void {
  const { id, version, payload } = point;
  totals[how](pointIdToBytes(id), { version, digest: pointDigest(point) }, payload.length);
}

function takeTombstone(
  totals: StateTotals,
  tombstone: Tombstone,
  how: 'addTombstone' | 'subtractTombstone',
): void {
  const { id, version } = tombstone;
  totals[how](pointIdToBytes(id), { version, digest: tombstoneDigest(tombstone) });
}
