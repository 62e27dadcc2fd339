// The reads of one replica: search, retrieve, scroll, count, term statistics.
//
// Invariant: store, point table and indexes are at one sequence whenever a read runs, as the thread that owns them
// applies a commit to all three before it does anything else. So a read never shows a point that is deleted, and a
// difference between them is a bug: it asserts.

import type { AnyVectorIndex, PointTable } from '@tributary/index';
import {
  type CollectionConfig,
  comparePointIds,
  type Filter,
  type PointId,
  type PointOffset,
  type PointRecord,
  type Projection,
  pointOffset,
  type ScoredPoint,
  type ScrollQuery,
  type TermStatistics,
  type TermStatisticsQuery,
  type VectorQuery,
} from '@tributary/model';
import { assert } from '@tributary/runtime';
import type { ReplicaStore, StoredPayload } from '@tributary/storage';
import { chooseSource, createMatcher, FilterPlanner, type FilterSource } from './plan-filter.ts';
import { createProjector, indexOf, type ProjectedPoint, type Projector } from './projection.ts';
import type { Selection } from './selection.ts';
import { checkedIndexOf, isHigherBetter, searchIndex, termStatisticsOf } from './vector-search.ts';

export interface ReplicaReaderOptions {
  readonly store: ReplicaStore;
  readonly table: PointTable;
  /** By vector name; one for each vector of the collection. */
  readonly indexes: ReadonlyMap<string, AnyVectorIndex>;
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
  readonly #indexes: ReadonlyMap<string, AnyVectorIndex>;
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
   * At most `limit` points, best first, equal scores by id. Vectors are taken as they are: of length 1 for Cosine.
   * Errors: `wrong_input` for the name of no vector, a vector of a wrong kind or dimension, a value not finite, a key
   * that is no path.
   */
  search(query: VectorQuery): ScoredPoint[] {
    const index = checkedIndexOf(query, this.#indexes, this.#config);
    const projector = createProjector(query.projection, this.#indexes);
    const selection = query.filter && this.#planner.select(query.filter);
    const hits = this.#hitsOf(query, index, selection);
    const payloads = this.#payloadsOf(hits, projector);
    return hits.map(({ point, score }, i) => ({
      ...projector.project(point, payloads?.[i]?.payload),
      score,
    }));
  }

  /** Errors: `wrong_input` for the name of no sparse vector, a key that is no path. */
  termStatistics({ using, indices, filter }: TermStatisticsQuery): TermStatistics {
    const index = indexOf(this.#indexes, using);
    return termStatisticsOf(index, indices, filter && this.#planner.select(filter));
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

  #hitsOf(query: VectorQuery, index: AnyVectorIndex, selection: Selection | undefined): Hit[] {
    const limit = Math.min(query.limit, selection?.count ?? this.#store.state.pointsCount);
    if (limit <= 0) return [];
    const config = this.#config;
    const { offsets, scores } = searchIndex(query, { index, config, limit, selection });
    const hits = Array.from(offsets, (offset, i) => ({
      point: this.#pointAt(pointOffset(offset)),
      score: scores[i] ?? Number.NaN,
    }));
    const sign = isHigherBetter(query, config) ? -1 : 1;
    return hits.sort(
      (a, b) => sign * (a.score - b.score) || comparePointIds(a.point.id, b.point.id),
    );
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
