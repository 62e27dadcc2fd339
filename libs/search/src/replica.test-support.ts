// A replica in memory for the tests of this package: store, point table and exact indexes, changed together.

import { type AnyVectorIndex, PayloadIndexes, PointTable } from '@tributary/index';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  type Distance,
  ID_ONLY,
  NO_STAMP,
  type PayloadSchema,
  type Point,
  type PointId,
  type Projection,
  payloadFromBytes,
  type Sequence,
  type StoredPoint,
  sequence,
  type VectorQuery,
  type VectorValue,
} from '@tributary/model';
import { systemClock } from '@tributary/runtime';
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
export const EVERYTHING: Projection = { payload: { kind: 'all' }, vectors: { kind: 'all' } };

export function nearest({
  vector = Float32Array.of(1, 0, 0),
  ...query
}: Partial<VectorQuery> & { vector?: VectorValue }): VectorQuery {
  return {
    scoring: { kind: 'nearest', vector },
    using: '',
    limit: 10,
    params: {},
    projection: ID_ONLY,
    ...query,
  };
}

export class ReplicaForTests {
  readonly table = new PointTable();
  readonly payloadIndexes: PayloadIndexes;
  readonly indexes: ReadonlyMap<string, AnyVectorIndex>;
  readonly store: ReplicaStore;
  readonly reader: ReplicaReader;

  /** With an index that sorts everything, where none are given. */
  static async open(
    vectors: Sizes,
    indexes: ReadonlyMap<string, AnyVectorIndex> = exactIndexes(vectors),
    config: CollectionConfig = configOf(vectors),
  ): Promise<ReplicaForTests> {
    return new ReplicaForTests(config, await new MemoryReplicaStores().open('a'), indexes);
  }

  private constructor(
    config: CollectionConfig,
    store: ReplicaStore,
    indexes: ReadonlyMap<string, AnyVectorIndex>,
  ) {
    this.store = store;
    this.indexes = indexes;
    const { table } = this;
    const payloadIndexes = new PayloadIndexes(table, indexes);
    this.payloadIndexes = payloadIndexes;
    this.reader = new ReplicaReader({
      store,
      table,
      indexes,
      payloadIndexes,
      config,
      clock: systemClock,
    });
  }

  upsert(points: readonly Point[]): void {
    const version = this.#commit(points, []);
    for (const point of points) {
      this.#forget(point.id);
      const offset = this.table.assign(point.id, version);
      for (const [name, vector] of Object.entries(point.vectors)) {
        this.indexes.get(name)?.add(offset, vector);
      }
      if (this.payloadIndexes.size > 0) {
        this.payloadIndexes.add(offset, payloadFromBytes(point.payload));
      }
    }
  }

  createPayloadIndexes(schema: PayloadSchema): void {
    for (const [field, index] of Object.entries(schema)) {
      this.payloadIndexes.create(field, index, this.#payloads());
    }
  }

  *#payloads() {
    for (const { id, payload } of this.store.scanPayloads()) {
      const offset = this.table.resolve(id);
      if (offset !== undefined) yield { offset, payload: payloadFromBytes(payload) };
    }
  }

  delete(ids: readonly PointId[]): void {
    this.#commit([], ids);
    for (const id of ids) this.#forget(id);
  }

  #commit(points: readonly Point[], deletes: readonly PointId[]): Sequence {
    const version = sequence(this.store.state.appliedSequence + 1);
    const puts: StoredPoint[] = points.map((point) => ({ ...point, version, stamp: NO_STAMP }));
    this.store.commit({ puts, deletes, appliedSequence: version, appliedCount: version });
    return version;
  }

  #forget(id: PointId): void {
    const offset = this.table.release(id);
    if (offset === undefined) return;
    for (const index of this.indexes.values()) index.remove(offset);
    this.payloadIndexes.remove(offset);
    this.table.reclaim();
  }
}

function exactIndexes(vectors: Sizes): ReadonlyMap<string, AnyVectorIndex> {
  return new Map(
    Object.entries(vectors).map(([name, { distance }]) => [name, new MemoryVectorIndex(distance)]),
  );
}

function configOf(vectors: Sizes): CollectionConfig {
  return {
    ...COLLECTION_DEFAULTS,
    vectors,
  };
}
