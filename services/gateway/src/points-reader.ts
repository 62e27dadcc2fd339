// The read path: ask one replica of each shard, put the answers together, cut the page out.
//
// A query that names a point looks that point's vector up first. A query for nothing in particular is a scroll whose
// points all score 0.

import type { CollectionState } from '@tributary/metadata';
import {
  type NearestQuery,
  type PointId,
  type PointRecord,
  type Projection,
  type ScoredPoint,
  type ScrollQuery,
  shardId,
} from '@tributary/model';
import {
  type CountRequest,
  exampleProjection,
  nearestQuery,
  pointDoesNotExist,
  type QueryRequest,
  type ReadParameters,
  type RetrieveRequest,
} from '@tributary/qdrant-api';
import { mergeScored, mergeScroll } from '@tributary/routing';
import { type Clock, TributaryError } from '@tributary/runtime';
import { agreedCount, agreedRecords } from './read-agreement.ts';
import type { ShardFanOut } from './shard-fan-out.ts';
import { groupByShard } from './split-operation.ts';
import { within } from './within.ts';

export interface PointsReaderOptions {
  readonly fanOut: ShardFanOut;
  readonly clock: Clock;
  /** Bound of a read for which the client set no timeout, in milliseconds. */
  readonly searchTimeoutMs: number;
}

export interface ScrollPage {
  readonly points: readonly PointRecord[];
  /** First id of the next page; absent on the last one. */
  readonly nextPageOffset?: PointId;
}

/** How a read goes: its consistency and its deadline. */
interface Reading {
  readonly consistency: ReadParameters['consistency'];
  readonly signal: AbortSignal;
}

const NOTHING: Projection = { payload: { kind: 'none' }, vectors: { kind: 'none' } };
/** A day; timers cannot count much further. */
const TIMEOUT_MAX_MS = 86_400_000;

/**
 * Errors of every call: `wrong_input`, `not_found` (a point that a query names), `timeout`, `internal` (a shard of
 * which no replica can be read).
 */
export class PointsReader {
  readonly #fanOut: ShardFanOut;
  readonly #clock: Clock;
  readonly #searchTimeoutMs: number;

  constructor(options: PointsReaderOptions) {
    this.#fanOut = options.fanOut;
    this.#clock = options.clock;
    this.#searchTimeoutMs = options.searchTimeoutMs;
  }

  /** One list of points a request, best first. Every shard gets all requests in one call. */
  async query(
    collection: CollectionState,
    requests: readonly QueryRequest[],
    parameters: ReadParameters,
  ): Promise<ScoredPoint[][]> {
    return this.#reading('Search', parameters, async (reading) => {
      const results = requests.map((): ScoredPoint[] => []);
      const nearest: { readonly index: number; readonly query: NearestQuery }[] = [];
      for (const [index, request] of requests.entries()) {
        if (request.target.kind === 'none') {
          results[index] = await this.#firstById(collection, request, reading);
        } else {
          const query = await this.#nearestQuery(collection, request, reading);
          nearest.push({ index, query });
        }
      }
      const queries = nearest.map(({ query }) => query);
      const pages = await this.#search(collection, queries, reading);
      for (const [i, { index }] of nearest.entries()) {
        results[index] = (pages[i] ?? []).slice(requests[index]?.offset ?? 0);
      }
      return results;
    });
  }

  /** Only the points that are there, in the order asked; an id asked twice comes once. */
  async retrieve(
    collection: CollectionState,
    request: RetrieveRequest,
    parameters: ReadParameters,
  ): Promise<PointRecord[]> {
    return this.#reading('Retrieve', parameters, (reading) =>
      this.#retrieve(collection, request, reading),
    );
  }

  /** Errors, besides: `not_found`. */
  async get(
    collection: CollectionState,
    id: PointId,
    parameters: ReadParameters,
  ): Promise<PointRecord> {
    const projection: Projection = { payload: { kind: 'all' }, vectors: { kind: 'all' } };
    const [record] = await this.retrieve(collection, { ids: [id], projection }, parameters);
    if (record === undefined) throw pointDoesNotExist(id);
    return record;
  }

  /** The ids that are not there, in the order asked. */
  async findMissing(collection: CollectionState, ids: readonly PointId[]): Promise<PointId[]> {
    const found = await this.retrieve(collection, { ids, projection: NOTHING }, {});
    const present = new Set(found.map((record) => record.id));
    return ids.filter((id) => !present.has(id));
  }

  async scroll(
    collection: CollectionState,
    query: ScrollQuery,
    parameters: ReadParameters,
  ): Promise<ScrollPage> {
    return this.#reading('Scroll', parameters, async (reading) => {
      // One more than the page: the first of the next.
      const records = await this.#scroll(collection, { ...query, limit: query.limit + 1 }, reading);
      const next = records[query.limit];
      const points = records.slice(0, query.limit);
      return next === undefined ? { points } : { points, nextPageOffset: next.id };
    });
  }

  async count(
    collection: CollectionState,
    request: CountRequest,
    parameters: ReadParameters,
  ): Promise<number> {
    return this.#reading('Count', parameters, async ({ signal, consistency }) => {
      const { filter } = request;
      const call = filter === undefined ? ({ kind: 'count' } as const) : countOf(filter);
      const asking = { signal, consistency, combine: agreedCount };
      const counts = await this.#fanOut.askEach<'count'>(collection, call, asking);
      return counts.reduce((sum, count) => sum + count, 0);
    });
  }

  async #search(
    collection: CollectionState,
    queries: readonly NearestQuery[],
    { signal, consistency }: Reading,
  ): Promise<ScoredPoint[][]> {
    if (queries.length === 0) return [];
    const distances = queries.map((query) => distanceOf(collection, query.using));
    const answers = await this.#fanOut.askEach<'search'>(
      collection,
      { kind: 'search', queries },
      {
        signal,
        consistency,
        combine: (ofReplicas, agreement) =>
          queries.map((_, i) =>
            agreedRecords(
              ofReplicas.map((lists) => lists[i] ?? []),
              agreement,
            ),
          ),
      },
    );
    return queries.map((query, i) => {
      const lists = answers.map((ofShard) => ofShard[i] ?? []);
      return mergeScored(lists, query.limit, distances[i] ?? 'Cosine');
    });
  }

  async #nearestQuery(
    collection: CollectionState,
    request: QueryRequest,
    reading: Reading,
  ): Promise<NearestQuery> {
    const { config } = collection;
    if (request.target.kind !== 'id') return nearestQuery(request, config);
    const projection = exampleProjection(request, config);
    const lookup = { ids: [request.target.id], projection };
    const [example] = await this.#retrieve(collection, lookup, reading);
    return nearestQuery(request, config, example);
  }

  async #firstById(
    collection: CollectionState,
    request: QueryRequest,
    reading: Reading,
  ): Promise<ScoredPoint[]> {
    const { filter, projection, offset } = request;
    const page = { limit: offset + request.limit, projection };
    const query = filter === undefined ? page : { ...page, filter };
    const records = await this.#scroll(collection, query, reading);
    return records.slice(offset).map((record) => ({ ...record, score: 0 }));
  }

  async #scroll(
    collection: CollectionState,
    query: ScrollQuery,
    { signal, consistency }: Reading,
  ): Promise<PointRecord[]> {
    const answers = await this.#fanOut.askEach<'scroll'>(
      collection,
      { kind: 'scroll', query },
      { signal, consistency, combine: agreedRecords },
    );
    return mergeScroll(answers, query.limit);
  }

  async #retrieve(
    collection: CollectionState,
    { ids, projection }: RetrieveRequest,
    { signal, consistency }: Reading,
  ): Promise<PointRecord[]> {
    const unique = [...new Set(ids)];
    const groups = groupByShard(unique, (id) => id, collection.shards.length);
    const answers = await Promise.all(
      [...groups].map(([shard, idsOfShard]) => {
        const state = collection.shards[shard] ?? { id: shardId(shard), replicas: new Map() };
        const call = { kind: 'retrieve', ids: idsOfShard, projection } as const;
        const asking = { signal, consistency, combine: agreedRecords<PointRecord> };
        return this.#fanOut.ask<'retrieve'>(collection, state, call, asking);
      }),
    );
    const byId = new Map(answers.flat().map((record) => [record.id, record]));
    return unique.flatMap((id) => byId.get(id) ?? []);
  }

  #reading<T>(
    what: string,
    { consistency, timeoutMs }: ReadParameters,
    read: (reading: Reading) => Promise<T>,
  ): Promise<T> {
    const boundMs = Math.min(timeoutMs ?? this.#searchTimeoutMs, TIMEOUT_MAX_MS);
    return within(this.#clock, boundMs, what, (signal) => read({ consistency, signal }));
  }
}

function countOf(filter: NonNullable<CountRequest['filter']>) {
  return { kind: 'count', filter } as const;
}

function distanceOf(collection: CollectionState, using: string) {
  const params = collection.config.vectors[using];
  if (params === undefined) {
    throw new TributaryError('wrong_input', `Not existing vector name error: ${using}`);
  }
  return params.distance;
}
