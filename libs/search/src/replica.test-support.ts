// A replica in memory for the tests of this package: store, point table and exact indexes, changed together.

import type { IndexHits, IndexSearch, VectorIndex } from '@tributary/index';
import {
  type CollectionConfig,
  type Distance,
  exactScore,
  HNSW_DEFAULTS,
  higherIsBetter,
  OPTIMIZERS_DEFAULTS,
  type Point,
  type PointId,
  type PointOffset,
  pointOffset,
  type Sequence,
  type StoredPoint,
  sequence,
  WAL_DEFAULTS,
} from '@tributary/model';
import type { ReplicaStore } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import type { PointLookup } from './point-lookup.ts';
import { ReplicaReader } from './replica-reader.ts';

export type Sizes = Readonly<
  Record<string, { readonly size: number; readonly distance: Distance }>
>;

export class ReplicaForTests {
  readonly table = new TableForTests();
  readonly indexes: ReadonlyMap<string, ExactVectorIndex>;
  readonly store: ReplicaStore;
  readonly reader: ReplicaReader;

  static async open(vectors: Sizes): Promise<ReplicaForTests> {
    return new ReplicaForTests(vectors, await new MemoryReplicaStores().open('a'));
  }

  private constructor(vectors: Sizes, store: ReplicaStore) {
    this.store = store;
    this.indexes = new Map(
      Object.entries(vectors).map(([name, { distance }]) => [name, new ExactVectorIndex(distance)]),
    );
    const { table, indexes } = this;
    this.reader = new ReplicaReader({ store, table, indexes, config: configOf(vectors) });
  }

  upsert(points: readonly Point[]): void {
    const version = this.#commit(points, []);
    for (const point of points) {
      this.#forget(point.id);
      const offset = this.table.add(point.id, version);
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
    const offset = this.table.remove(id);
    if (offset === undefined) return;
    for (const index of this.indexes.values()) index.remove(offset);
  }
}

class TableForTests implements PointLookup {
  readonly #offsets = new Map<PointId, PointOffset>();
  readonly #points: ({ id: PointId; version: Sequence } | undefined)[] = [];

  resolve(id: PointId): PointOffset | undefined {
    return this.#offsets.get(id);
  }

  idAt(offset: PointOffset): PointId | undefined {
    return this.#points[offset]?.id;
  }

  versionAt(offset: PointOffset): Sequence | undefined {
    return this.#points[offset]?.version;
  }

  get live(): Uint32Array {
    const words = new Uint32Array(Math.ceil(this.#points.length / 32));
    for (const offset of this.#offsets.values()) {
      words[offset >>> 5] = (words[offset >>> 5] ?? 0) | (1 << (offset & 31));
    }
    return words;
  }

  add(id: PointId, version: Sequence): PointOffset {
    const offset = pointOffset(this.#points.length);
    this.#points.push({ id, version });
    this.#offsets.set(id, offset);
    return offset;
  }

  remove(id: PointId): PointOffset | undefined {
    const offset = this.#offsets.get(id);
    if (offset === undefined) return undefined;
    this.#offsets.delete(id);
    this.#points[offset] = undefined;
    return offset;
  }
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
    vectors,
    shardNumber: 1,
    replicationFactor: 1,
    writeConsistencyFactor: 1,
    onDiskPayload: true,
    hnsw: HNSW_DEFAULTS,
    optimizers: OPTIMIZERS_DEFAULTS,
    wal: WAL_DEFAULTS,
  };
}
