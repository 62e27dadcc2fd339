// A replica in memory for the tests of this package: store, point table and exact indexes, changed together.

import { type IndexHits, type IndexSearch, PointTable, type VectorIndex } from '@tributary/index';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  type Distance,
  exactScore,
  higherIsBetter,
  type NearestQuery,
  type Point,
  type PointId,
  type PointOffset,
  type Projection,
  type Sequence,
  type StoredPoint,
  sequence,
} from '@tributary/model';
import type { ReplicaStore } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { ReplicaReader } from './replica-reader.ts';

export type Sizes = Readonly<
  Record<string, { readonly size: number; readonly distance: Distance }>
>;

export const SIZES: Sizes = {
  '': { size: 3, distance: 'Dot' },
  far: { size: 2, distance: 'Euclid' },
};
export const NOTHING: Projection = { payload: { kind: 'none' }, vectors: { kind: 'none' } };
export const EVERYTHING: Projection = { payload: { kind: 'all' }, vectors: { kind: 'all' } };

export function nearest(query: Partial<NearestQuery>): NearestQuery {
  return {
    vector: Float32Array.of(1, 0, 0),
    using: '',
    limit: 10,
    params: {},
    projection: NOTHING,
    ...query,
  };
}

export class ReplicaForTests {
  readonly table = new PointTable();
  readonly indexes: ReadonlyMap<string, VectorIndex>;
  readonly store: ReplicaStore;
  readonly reader: ReplicaReader;

  /** With an index that sorts everything, where none are given. */
  static async open(
    vectors: Sizes,
    indexes: ReadonlyMap<string, VectorIndex> = exactIndexes(vectors),
  ): Promise<ReplicaForTests> {
    return new ReplicaForTests(vectors, await new MemoryReplicaStores().open('a'), indexes);
  }

  private constructor(
    vectors: Sizes,
    store: ReplicaStore,
    indexes: ReadonlyMap<string, VectorIndex>,
  ) {
    this.store = store;
    this.indexes = indexes;
    const { table } = this;
    this.reader = new ReplicaReader({ store, table, indexes, config: configOf(vectors) });
  }

  upsert(points: readonly Point[]): void {
    const version = this.#commit(points, []);
    for (const point of points) {
      this.#forget(point.id);
      const offset = this.table.assign(point.id, version);
      for (const [name, vector] of Object.entries(point.vectors)) {
        this.indexes.get(name)?.add(offset, vector);
      }
    }
  }

  delete(ids: readonly PointId[]): void {
    this.#commit([], ids);
    for (const id of ids) this.#forget(id);
  }

  #commit(points: readonly Point[], deletes: readonly PointId[]): Sequence {
    const version = sequence(this.store.state.appliedSequence + 1);
    const puts: StoredPoint[] = points.map((point) => ({ ...point, version }));
    this.store.commit({ puts, deletes, appliedSequence: version, appliedCount: version });
    return version;
  }

  #forget(id: PointId): void {
    const offset = this.table.release(id);
    if (offset === undefined) return;
    for (const index of this.indexes.values()) index.remove(offset);
    this.table.reclaim();
  }
}

function exactIndexes(vectors: Sizes): ReadonlyMap<string, VectorIndex> {
  return new Map(
    Object.entries(vectors).map(([name, { distance }]) => [name, new ExactVectorIndex(distance)]),
  );
}

/** The contract of an index by sorting everything. */
class ExactVectorIndex implements VectorIndex {
  readonly #distance: Distance;
  readonly #vectors = new Map<PointOffset, Float32Array>();

  constructor(distance: Distance) {
    this.#distance = distance;
  }

  add(offset: PointOffset, vector: Float32Array): void {
    this.#vectors.set(offset, vector.slice());
  }

  remove(offset: PointOffset): void {
    this.#vectors.delete(offset);
  }

  get(offset: PointOffset): Float32Array | undefined {
    return this.#vectors.get(offset);
  }

  search(query: Float32Array, { limit, accept, scoreThreshold }: IndexSearch): IndexHits {
    const sign = higherIsBetter(this.#distance) ? 1 : -1;
    const hits = [...this.#vectors]
      .filter(
        ([offset]) => accept === undefined || ((accept[offset >>> 5] ?? 0) >>> (offset & 31)) & 1,
      )
      .map(([offset, vector]) => ({ offset, score: exactScore(this.#distance, query, vector) }))
      .filter(({ score }) => scoreThreshold === undefined || sign * (score - scoreThreshold) > 0)
      .sort((a, b) => sign * (b.score - a.score) || a.offset - b.offset)
      .slice(0, limit);
    return {
      offsets: Uint32Array.from(hits, ({ offset }) => offset),
      scores: Float32Array.from(hits, ({ score }) => score),
    };
  }

  async loadSegments() {
    return { loaded: 0, rejected: [] };
  }
  maintain(): void {}
  async settled(): Promise<void> {}
  stats() {
    const vectors = this.#vectors.size;
    return { vectors, indexedVectors: 0, segments: 0, memoryBytes: 0, building: false };
  }
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

function configOf(vectors: Sizes): CollectionConfig {
  return {
    ...COLLECTION_DEFAULTS,
    vectors,
  };
}
