// The reads of one replica: search, retrieve, scroll, count, sample, facet, term statistics.
//
// Invariant: store, point table and indexes are at one sequence whenever a read runs, as the thread that owns them
// applies a commit to all three before it does anything else. So a read never shows a point that is deleted, and a
// difference between them is a bug: it asserts.

import type { AnyVectorIndex, IndexHits, PayloadIndexes, PointTable } from '@tributary/index';
import {
  type CollectionConfig,
  comparePointIds,
  type Explanation,
  type FacetHit,
  type FacetQuery,
  type Filter,
  isTextQuery,
  type OrderBy,
  type PointId,
  type PointOffset,
  type PointRecord,
  type Projection,
  pointOffset,
  type SampleQuery,
  type ScoredPoint,
  type ScrollQuery,
  type SearchQuery,
  type TermStatistics,
  type TermStatisticsQuery,
  type TextStatistics,
  type TextStatisticsQuery,
  type VectorSchema,
  type VectorShape,
  vectorEntryOf,
  vectorSchemaOf,
} from '@tributary/model';
import { assert, atOnce, type Clock, type Steps } from '@tributary/runtime';
import type { ReplicaStore, StoredPayload } from '@tributary/storage';
import { candidatesInOrder } from './candidates.ts';
import { type FilterPlan, FilterPlanner } from './plan-filter.ts';
import { createProjector, indexOf, type ProjectedPoint, type Projector } from './projection.ts';
import type { Selection } from './selection.ts';
import { explainText, searchText, textStatisticsOf } from './text-search.ts';
import { facetHits, orderedPoints, sampledOffsets } from './value-reads.ts';
import {
  checkedIndexOf,
  explainSearch,
  isHigherBetter,
  searchIndex,
  termStatisticsOf,
} from './vector-search.ts';

export interface ReplicaReaderOptions {
  readonly store: ReplicaStore;
  readonly table: PointTable;
  /** By vector name; one for each vector of the collection. */
  readonly indexes: ReadonlyMap<string, AnyVectorIndex>;
  readonly payloadIndexes: PayloadIndexes;
  readonly config: CollectionConfig;
  /** The vectors there are just now; absent where they are those of the configuration for ever. */
  readonly vectorSchema?: () => VectorSchema;
  /** Measures what evaluating a filter takes. */
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Bytes of filter answers kept between two commits; default 16 MiB. */
  readonly filterCacheBytesMax?: number;
}

const FILTER_CACHE_BYTES_MAX = 16 << 20;
const SCAN: FilterPlan = { kind: 'scan' };
const NO_OFFSETS = new Uint32Array(0);
/** Points that a filter does not hold for and that a step of a scroll passes. */
const STEP_POINTS = 64;

interface Hit {
  readonly point: ProjectedPoint;
  readonly score: number;
}

export class ReplicaReader {
  readonly #store: ReplicaStore;
  readonly #table: PointTable;
  readonly #indexes: ReadonlyMap<string, AnyVectorIndex>;
  readonly #payloadIndexes: PayloadIndexes;
  #config: CollectionConfig;
  readonly #vectorSchema: () => VectorSchema;
  readonly #tieOrder = (a: number, b: number): number => this.#table.compareIds(a, b);
  readonly #planner: FilterPlanner;

  constructor(options: ReplicaReaderOptions) {
    this.#store = options.store;
    this.#table = options.table;
    this.#indexes = options.indexes;
    this.#payloadIndexes = options.payloadIndexes;
    this.#config = options.config;
    const ofConfig = vectorSchemaOf(options.config);
    this.#vectorSchema = options.vectorSchema ?? (() => ofConfig);
    this.#planner = new FilterPlanner({
      ...options,
      cacheBytesMax: options.filterCacheBytesMax ?? FILTER_CACHE_BYTES_MAX,
    });
  }

  /** For the searches from now on. */
  configure(config: CollectionConfig): void {
    this.#config = config;
  }

  /**
   * At most `limit` points, best first, equal scores by id. Vectors are taken as they are: of length 1 for Cosine.
   * Errors: `wrong_input` for the name of no vector, a vector of a wrong kind or dimension, a value not finite, a key
   * that is no path; `bad_request` for a text where the field has no index that ranks.
   */
  search(query: SearchQuery): ScoredPoint[] {
    const projector = this.#projector(query.projection);
    const find = this.#finderOf(query);
    const selection = query.filter && this.#planner.select(query.filter);
    const limit = Math.min(query.limit, selection?.count ?? this.#store.state.pointsCount);
    const hits = limit <= 0 ? [] : this.#sorted(query, find(limit, selection));
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

  /** Errors: `bad_request` where the field has no index that ranks, `wrong_input` for a key that is no path. */
  textStatistics(query: TextStatisticsQuery): TextStatistics {
    const selection = query.filter && this.#planner.select(query.filter);
    return textStatisticsOf(query, this.#payloadIndexes, selection);
  }

  /** The points of `ids` that are there, in their order. Errors: `wrong_input` as for `search`. */
  retrieve(ids: readonly PointId[], projection: Projection): PointRecord[] {
    const projector = this.#projector(projection);
    const points: ProjectedPoint[] = [];
    for (const id of ids) {
      const offset = this.#table.resolve(id);
      if (offset !== undefined) points.push(this.#pointAt(offset));
    }
    return this.#recordsOf(points, projector);
  }

  /**
   * At most `limit` points in id order from `offset`, inclusive, or in the order of a payload value. Errors:
   * `wrong_input` as for `search`, `bad_request` for an order that no index gives.
   */
  scroll(query: ScrollQuery): PointRecord[] {
    return atOnce(this.scrollSteps(query));
  }

  /** Like `scroll`. No commit may be made before the last step. */
  *scrollSteps(query: ScrollQuery): Steps<PointRecord[]> {
    const projector = this.#projector(query.projection);
    if (query.orderBy !== undefined) {
      if (query.filter !== undefined) yield* this.#planner.selectSteps(query.filter);
      return this.#scrollInOrder(query, query.orderBy, projector);
    }
    const { filter, limit, offset: from } = query;
    const holds = filter && this.#planner.matcher(filter);
    const records: PointRecord[] = [];
    if (limit <= 0) return records;
    const plan = filter ? this.#planner.plan(filter, { isWalking: false }) : SCAN;
    const isSure = filter === undefined || plan.kind === 'index';
    const sources = { store: this.#store, table: this.#table };
    let passed = 0;
    for (const stored of candidatesInOrder({ ...sources, plan, from, limit })) {
      if (!isSure && holds?.(stored) === false) {
        passed++;
        if (passed % STEP_POINTS === 0) yield;
        continue;
      }
      const offset = this.#table.resolve(stored.id);
      assert(offset !== undefined, 'a stored point has an offset');
      const point = this.#pointAt(offset);
      assertSame(point, stored);
      records.push(projector.project(point, stored.payload));
      if (records.length >= query.limit) break;
    }
    return records;
  }

  /** Evaluates a filter for the reads that come before the next commit. Errors: `wrong_input` as for `search`. */
  *evaluateSteps(filter: Filter): Steps<void> {
    yield* this.#planner.selectSteps(filter);
  }

  /** Points the filter holds for; all without one. Errors: `wrong_input` for a key that is no path. */
  count(filter?: Filter): number {
    return filter === undefined
      ? this.#store.state.pointsCount
      : this.#planner.select(filter).count;
  }

  /** At most `limit` points chosen by the seed, in an order of chance. Errors: `wrong_input` as for `search`. */
  sample({ filter, limit, seed, projection }: SampleQuery): PointRecord[] {
    const projector = this.#projector(projection);
    const offsets = filter === undefined ? this.#table.live : this.#planner.select(filter).offsets;
    const points = sampledOffsets(offsets, this.#table, limit, seed).map((offset) =>
      this.#pointAt(pointOffset(offset)),
    );
    return this.#recordsOf(points, projector);
  }

  /** Errors: `bad_request` where no index counts the values; `wrong_input` for a key that is no path. */
  facet(query: FacetQuery): FacetHit[] {
    const selection = query.filter && this.#planner.select(query.filter);
    return facetHits(query, this.#payloadIndexes, selection);
  }

  /**
   * How a search, or a read with only a filter, is answered, for the log of slow ones; nothing is looked for. Errors:
   * those of `search`.
   */
  explain({ filter, query }: { filter?: Filter; query?: SearchQuery }): Explanation {
    const points = this.#store.state.pointsCount;
    const asked = query?.filter ?? filter;
    const known = asked && { filter: this.#planner.explain(asked) };
    if (query === undefined) return { points, ...known };
    if (isTextQuery(query)) {
      return { points, ...known, search: explainText(query, this.#payloadIndexes) };
    }
    const index = checkedIndexOf(query, this.#indexes, this.#shapeOf(query.using));
    const count = known?.filter.matched ?? known?.filter.estimated.expected ?? points;
    const limit = Math.min(query.limit, Math.ceil(count));
    // What decides between graph and scan is how many points are accepted, not which.
    const selection = known && { offsets: NO_OFFSETS, count: Math.ceil(count) };
    const search = explainSearch(query, { index, config: this.#config, limit, selection });
    return { points, ...known, search: { ...search, limit: query.limit } };
  }

  /** What finds the hits of a query, which is refused before its filter is evaluated. */
  #finderOf(query: SearchQuery): (limit: number, selection?: Selection) => IndexHits {
    const [config, tieOrder, payloadIndexes] = [this.#config, this.#tieOrder, this.#payloadIndexes];
    if (isTextQuery(query)) {
      return (limit, selection) =>
        searchText(query, { payloadIndexes, limit, selection, tieOrder });
    }
    const index = checkedIndexOf(query, this.#indexes, this.#shapeOf(query.using));
    return (limit, selection) => searchIndex(query, { index, config, limit, selection, tieOrder });
  }

  #sorted(query: SearchQuery, { offsets, scores }: IndexHits): Hit[] {
    const hits = Array.from(offsets, (offset, i) => ({
      point: this.#pointAt(pointOffset(offset)),
      score: scores[i] ?? Number.NaN,
    }));
    const sign = isHigherBetter(query, this.#shapeOf(query.using)) ? -1 : 1;
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

  #scrollInOrder(query: ScrollQuery, orderBy: OrderBy, projector: Projector): PointRecord[] {
    const selection = query.filter && this.#planner.select(query.filter);
    const ordered = orderedPoints(orderBy, query.limit, {
      table: this.#table,
      payloadIndexes: this.#payloadIndexes,
      selection,
    });
    const points = ordered.map(({ id }) => this.#pointAt(this.#offsetOf(id)));
    return this.#recordsOf(points, projector).map((record, i) => {
      const orderValue = ordered[i]?.orderValue;
      return orderValue === undefined ? record : { ...record, orderValue };
    });
  }

  #projector(projection: Projection): Projector {
    return createProjector(projection, this.#indexes, this.#payloadIndexes);
  }

  #recordsOf(points: readonly ProjectedPoint[], projector: Projector): PointRecord[] {
    const payloads = projector.needsPayload
      ? this.#store.getPayloads(points.map(({ id }) => id))
      : undefined;
    return points.map((point, i) => {
      const stored = payloads?.[i];
      if (payloads !== undefined) assertSame(point, stored);
      return projector.project(point, stored?.payload);
    });
  }

  #shapeOf(name: string): VectorShape | undefined {
    return vectorEntryOf(this.#vectorSchema(), name)?.shape;
  }

  #offsetOf(id: PointId): PointOffset {
    const offset = this.#table.resolve(id);
    assert(offset !== undefined, 'an indexed point has an offset');
    return offset;
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
