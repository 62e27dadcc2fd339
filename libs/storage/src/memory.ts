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
  type VectorValue,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { BucketSums } from './bucket-sums.ts';
import { ContentHash, pointDigest } from './content-hash.ts';
import {
  CUTS_KEPT,
  type Cut,
  EMPTY_REPLICA_STATE,
  type ReplicaState,
  type ReplicaStore,
  type ReplicaStores,
  type StoreChanges,
  type StoredDigest,
  type StoredPayload,
} from './replica-store.ts';

interface CutWithBuckets extends Cut {
  readonly buckets: Uint8Array;
}

interface Undo {
  readonly state: ReplicaState;
  readonly cuts: readonly CutWithBuckets[];
  readonly previous: readonly (readonly [PointId, StoredPoint | undefined])[];
}

/** What a disk would hold of one store. */
interface Volume {
  state: ReplicaState;
  readonly points: Map<PointId, StoredPoint>;
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
      const nothing = { points: new Map(), cuts: [], undos: [], open: undefined };
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
    return this.#scan(undefined, digestOf);
  }

  async prepare(): Promise<void> {
    this.#assertOpen();
  }

  commit(changes: StoreChanges): ReplicaState {
    this.#assertOpen();
    const { points, undos } = this.#volume;
    const previous: [PointId, StoredPoint | undefined][] = [];
    const hash = new ContentHash(this.state.contentHash);
    for (const point of changes.puts) previous.push([point.id, points.get(point.id)]);
    for (const id of changes.deletes) previous.push([id, points.get(id)]);
    assert(
      new Set(previous.map(([id]) => id)).size === previous.length,
      'an id stands at most once in the changes of a commit',
    );
    let { payloadBytes } = this.state;
    for (const [, old] of previous) {
      if (old === undefined) continue;
      hash.subtract(pointDigest(old));
      payloadBytes -= old.payload.length;
    }
    for (const point of changes.puts) {
      hash.add(pointDigest(point));
      payloadBytes += point.payload.length;
      points.set(point.id, copyOf(point));
    }
    for (const id of changes.deletes) points.delete(id);
    undos.push({ state: this.state, cuts: this.#volume.cuts, previous });
    if (undos.length > this.#unflushedCommitsMax) undos.shift();
    this.#ordered = undefined;
    const vectorSchema = changes.vectorSchema ?? this.state.vectorSchema;
    this.#volume.state = {
      appliedSequence: changes.appliedSequence,
      appliedCount: changes.appliedCount,
      contentHash: hash.toString(),
      pointsCount: points.size,
      payloadBytes,
      lastStamp: changes.lastStamp ?? this.state.lastStamp,
      payloadSchema: changes.payloadSchema ?? this.state.payloadSchema,
      ...(vectorSchema && { vectorSchema }),
    };
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
    const hash = new ContentHash();
    for (const point of this.#volume.points.values()) hash.add(pointDigest(point));
    if (hash.toString() !== this.state.contentHash) {
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
    const { appliedSequence, appliedCount, pointsCount, contentHash } = this.state;
    const sums = new BucketSums();
    for (const point of this.#volume.points.values()) {
      sums.add(pointIdToBytes(point.id), pointDigest(point));
    }
    const state = { appliedCount, pointsCount, contentHash };
    const cut = { sequence: appliedSequence, ...state, buckets: sums.toBytes() };
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

  #assertOpen(): void {
    assert(!this.#closed, `the store ${this.#name} is open`);
  }
}

function applyUndo(volume: Volume, undo: Undo): void {
  volume.state = undo.state;
  volume.cuts = undo.cuts;
  for (const [id, old] of undo.previous) {
    if (old === undefined) volume.points.delete(id);
    else volume.points.set(id, old);
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
  return { id: point.id, version: point.version, digest: pointDigest(point) };
}
