// The reads of one replica: search, retrieve, scroll, count.
//
// Invariant: store, point table and indexes are at one sequence whenever a read runs, as the thread that owns them
// applies a commit to all three before it does anything else. So a read never shows a point that is deleted, and a
// difference between them is a bug: it asserts.

import type { PointTable, VectorIndex } from '@tributary/index';
import {
  type CollectionConfig,
  comparePointIds,
  type Filter,
  higherIsBetter,
  isFiniteVector,
  type NearestQuery,
  type PointId,
  type PointOffset,
  type PointRecord,
  type Projection,
  pointOffset,
  type ScoredPoint,
  type ScrollQuery,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import type { ReplicaStore, StoredPayload } from '@tributary/storage';
import { chooseSource, createMatcher, FilterPlanner, type FilterSource } from './plan-filter.ts';
import { createProjector, indexOf, type ProjectedPoint, type Projector } from './projection.ts';
import type { Selection } from './selection.ts';

export interface ReplicaReaderOptions {
  readonly store: ReplicaStore;
  readonly table: PointTable;
  /** By vector name; one for each vector of the collection. */
  readonly indexes: ReadonlyMap<string, VectorIndex>;
  readonly config: CollectionConfig;
  /** Bytes of filter answers kept between two commits; default 16 MiB. */
  readonly filterCacheBytesMax?: number;
}

const FILTER_CACHE_BYTES_MAX = 16 << 20;

interface Hit {
  readonly point: ProjectedPoint;
  readonly score: number;
}

export class ReplicaReader {
  readonly #store: ReplicaStore;
  readonly #table: PointTable;
  readonly #indexes: ReadonlyMap<string, VectorIndex>;
  readonly #config: CollectionConfig;
  readonly #planner: FilterPlanner;

  constructor(options: ReplicaReaderOptions) {
    this.#store = options.store;
    this.#table = options.table;
    this.#indexes = options.indexes;
    this.#config = options.config;
    this.#planner = new FilterPlanner({
      store: options.store,
      table: options.table,
      cacheBytesMax: options.filterCacheBytesMax ?? FILTER_CACHE_BYTES_MAX,
    });
  }

  /**
   * At most `limit` points, best first, equal scores by id. The query vector is taken as it is: of length 1 for Cosine.
   * Errors: `wrong_input` for the name of no vector, a wrong dimension, a value not finite, a key that is no path.
   */
  search(query: NearestQuery): ScoredPoint[] {
    const index = this.#checkedIndex(query);
    const projector = createProjector(query.projection, this.#indexes);
    const selection = query.filter && this.#planner.select(query.filter);
    const hits = this.#nearest(index, query, selection);
    const payloads = this.#payloadsOf(hits, projector);
    return hits.map(({ point, score }, i) => ({
      ...projector.project(point, payloads?.[i]?.payload),
      score,
    }));
  }

  /** The points of `ids` that are there, in their order. Errors: `wrong_input` as for `search`. */
  retrieve(ids: readonly PointId[], projection: Projection): PointRecord[] {
    const projector = createProjector(projection, this.#indexes);
    const points: ProjectedPoint[] = [];
    for (const id of ids) {
      const offset = this.#table.resolve(id);
      if (offset !== undefined) points.push(this.#pointAt(offset));
    }
    const payloads = projector.needsPayload
      ? this.#store.getPayloads(points.map(({ id }) => id))
      : undefined;
    return points.map((point, i) => {
      const stored = payloads?.[i];
      if (payloads !== undefined) assertSame(point, stored);
      return projector.project(point, stored?.payload);
    });
  }

  /** At most `limit` points in id order from `offset`, inclusive. Errors: `wrong_input` as for `search`. */
  scroll(query: ScrollQuery): PointRecord[] {
    const projector = createProjector(query.projection, this.#indexes);
    const source = query.filter && chooseSource(query.filter);
    const holds = query.filter && createMatcher(query.filter);
    const records: PointRecord[] = [];
    if (query.limit <= 0) return records;
    for (const stored of this.#candidates(source, query.offset)) {
      if (holds !== undefined && !holds(stored)) continue;
      const offset = this.#table.resolve(stored.id);
      assert(offset !== undefined, 'a stored point has an offset');
      const point = this.#pointAt(offset);
      assertSame(point, stored);
      records.push(projector.project(point, stored.payload));
      if (records.length >= query.limit) break;
    }
    return records;
  }

  /** Points the filter holds for; all without one. Errors: `wrong_input` for a key that is no path. */
  count(filter?: Filter): number {
    return filter === undefined
      ? this.#store.state.pointsCount
      : this.#planner.select(filter).count;
  }

  #checkedIndex(query: NearestQuery): VectorIndex {
    const index = indexOf(this.#indexes, query.using);
    const params = this.#config.vectors[query.using];
    assert(params !== undefined, 'an index belongs to a vector of the collection');
    if (query.vector.length !== params.size) {
      throw new TributaryError(
        'wrong_input',
        `Vector dimension error: expected dim: ${params.size}, got ${query.vector.length}`,
      );
    }
    if (!isFiniteVector(query.vector)) {
      throw new TributaryError('wrong_input', 'the query vector has a value that is not finite');
    }
    return index;
  }

  #nearest(index: VectorIndex, query: NearestQuery, selection: Selection | undefined): Hit[] {
    const limit = Math.min(query.limit, selection?.count ?? this.#store.state.pointsCount);
    if (limit <= 0) return [];
    const { offsets, scores } = index.search(query.vector, {
      limit,
      ef: this.#efOf(query),
      exact: query.params.exact ?? false,
      indexedOnly: query.params.indexedOnly ?? false,
      ...(selection && { accept: selection.offsets, acceptCount: selection.count }),
      ...(query.scoreThreshold !== undefined && { scoreThreshold: query.scoreThreshold }),
    });
    const hits = Array.from(offsets, (offset, i) => ({
      point: this.#pointAt(pointOffset(offset)),
      score: scores[i] ?? Number.NaN,
    }));
    const sign = higherIsBetter(this.#distanceOf(query)) ? -1 : 1;
    return hits.sort(
      (a, b) => sign * (a.score - b.score) || comparePointIds(a.point.id, b.point.id),
    );
  }

  #distanceOf(query: NearestQuery) {
    const params = this.#config.vectors[query.using];
    assert(params !== undefined, 'an index belongs to a vector of the collection');
    return params.distance;
  }

  #efOf(query: NearestQuery): number {
    const own = this.#config.vectors[query.using]?.hnsw?.efConstruct;
    return query.params.hnswEf ?? own ?? this.#config.hnsw.efConstruct;
  }

  #payloadsOf(hits: readonly Hit[], projector: Projector) {
    if (!projector.needsPayload) return undefined;
    const payloads = this.#store.getPayloads(hits.map(({ point }) => point.id));
    hits.forEach(({ point }, i) => {
      assertSame(point, payloads[i]);
    });
    return payloads;
  }

  #candidates(source: FilterSource | undefined, from?: PointId): Iterable<StoredPayload> {
    if (source?.kind !== 'listed') return this.#store.scanPayloads(from);
    const ids = source.ids
      .filter((id) => from === undefined || comparePointIds(id, from) >= 0)
      .sort(comparePointIds);
    return this.#store.getPayloads(ids).filter((stored) => stored !== undefined);
  }

  #pointAt(offset: PointOffset): ProjectedPoint {
    const id = this.#table.idAt(offset);
    const version = this.#table.versionAt(offset);
    assert(id !== undefined && version !== undefined, 'an offset in use stands for a point');
    return { id, version, offset };
  }
}

function assertSame(point: ProjectedPoint, stored: StoredPayload | undefined): void {
  assert(
    stored !== undefined && stored.version === point.version,
    `table and store agree on point ${point.id}`,
  );
}
