// One question to all shards of a collection, and one answer: asks through the fan-out and merges. A read in several
// steps asks here step by step under one consistency, one token and one deadline.

import type { CollectionState } from '@tributary/metadata';
import {
  comparePointIds,
  type FacetHit,
  type Filter,
  type PointId,
  type PointRecord,
  type Projection,
  type ReadConsistency,
  type SampleQuery,
  type ScoredPoint,
  type ScrollQuery,
  type SearchQuery,
  type Sequence,
  sampleHash,
  type TermStatistics,
  type TermStatisticsQuery,
  type TextStatistics,
  type TextStatisticsQuery,
} from '@tributary/model';
import { sumTermStatistics, sumTextStatistics } from '@tributary/ranking';
import {
  type Agreement,
  agreedCount,
  agreedFacetSteps,
  agreedRecordSteps,
  groupSteps,
  mergeFacetSteps,
  mergeOrderedSteps,
  mergeScoredSteps,
  mergeScrollSteps,
  newestSteps,
  stateOf,
} from '@tributary/routing';
import { endInSlices, mapSteps, type Steps, sortSteps, visitSteps } from '@tributary/runtime';
import { vectorBytes } from '@tributary/wire';
import type { ShardFanOut } from '../replicas/shard-fan-out.ts';
import type { ReadTrace } from '../watching/read-trace.ts';

/** Merging ten points of three shards takes some 10 µs. */
const SEARCHES_PER_STEP = 50;
const POINTS_PER_STEP = 1_000;
/** Vectors of a call. It is copied as one message, which takes some 2 ms a megabyte. */
const CALL_BYTES_MAX = 2 * 1024 * 1024;

/** How a read is done; what it asks comes separately. */
export interface Reading {
  readonly consistency?: ReadConsistency | undefined;
  readonly minSequence?: Sequence | undefined;
  readonly signal: AbortSignal;
  /** Told what the read does, where anybody wants to know. */
  readonly trace?: ReadTrace | undefined;
  /** Takes room for the bytes of large answers, until the read is answered. Errors: `exhausted`. */
  readonly hold?: ((bytes: number) => void) | undefined;
}

/** How a step of the read goes at another collection: the token is of the first one's stream. */
export function elsewhere({ minSequence: _, ...reading }: Reading): Reading {
  return reading;
}

/** Errors of every call: those of the fan-out. */
export class ShardReads {
  readonly #fanOut: ShardFanOut;

  constructor(fanOut: ShardFanOut) {
    this.#fanOut = fanOut;
  }

  /**
   * One list a query, best first; every shard gets all queries in one call, or of very many large ones some at a time.
   * The vectors fit the collection.
   */
  async search(
    collection: CollectionState,
    queries: readonly SearchQuery[],
    reading: Reading,
  ): Promise<ScoredPoint[][]> {
    const calls = callsOf(queries);
    const [only] = calls;
    if (only !== undefined && calls.length === 1) return this.#search(collection, only, reading);
    const lists: ScoredPoint[][] = [];
    for (const some of calls) lists.push(...(await this.#search(collection, some, reading)));
    return lists;
  }

  async #search(
    collection: CollectionState,
    queries: readonly SearchQuery[],
    reading: Reading,
  ): Promise<ScoredPoint[][]> {
    const step = reading.trace?.begin(collection, { kind: 'search', queries });
    const answers = await this.#fanOut.askEach<'search'>(
      collection,
      { kind: 'search', queries },
      {
        ...reading,
        step,
        combine: (ofReplicas, agreement) =>
          endInSlices(
            eachSearch(queries, ofReplicas, (_, lists) => agreedRecordSteps(lists, agreement)),
          ),
      },
    );
    const merged = await endInSlices(
      eachSearch(queries, answers, (query, lists) =>
        mergeScoredSteps(lists, query.limit, scoreOrder(collection, query)),
      ),
    );
    step?.end(merged.map(({ length }) => length));
    return merged;
  }

  /** In id order, or in the order asked for. */
  async scroll(
    collection: CollectionState,
    query: ScrollQuery,
    reading: Reading,
  ): Promise<PointRecord[]> {
    const { filter, limit } = query;
    const step = reading.trace?.begin(collection, { kind: 'scroll', filter, limit });
    const answers = await this.#fanOut.askEach<'scroll'>(
      collection,
      { kind: 'scroll', query },
      { ...reading, step, combine: agreedRecords<PointRecord> },
    );
    step?.end([answers.reduce((sum, records) => sum + records.length, 0)]);
    return endInSlices(
      query.orderBy === undefined
        ? mergeScrollSteps(answers, limit)
        : mergeOrderedSteps(answers, limit, query.orderBy.direction),
    );
  }

  /** Only the points that are there, in the order asked; an id asked twice comes once. */
  async retrieve(
    collection: CollectionState,
    ids: readonly PointId[],
    projection: Projection,
    reading: Reading,
  ): Promise<PointRecord[]> {
    const unique = [...new Set(ids)];
    const step = reading.trace?.begin(collection, { kind: 'retrieve', limit: unique.length });
    const groups = await endInSlices(groupSteps(unique, (id) => id, collection.shardMap));
    const answers = await Promise.all(
      [...groups].map(([shard, idsOfShard]) => {
        const state = stateOf(collection.shards, shard);
        const call = { kind: 'retrieve', ids: idsOfShard, projection } as const;
        const asking = { ...reading, step, combine: agreedRecords<PointRecord> };
        return this.#fanOut.ask<'retrieve'>(collection, state, call, asking);
      }),
    );
    const records = await endInSlices(inOrderOf(unique, answers));
    step?.end([records.length]);
    return records;
  }

  async count(
    collection: CollectionState,
    filter: Filter | undefined,
    reading: Reading,
  ): Promise<number> {
    const call = filter === undefined ? ({ kind: 'count' } as const) : countOf(filter);
    const step = reading.trace?.begin(collection, { kind: 'count', filter });
    const asking = { ...reading, step, combine: agreedCount };
    const counts = await this.#fanOut.askEach<'count'>(collection, call, asking);
    const total = counts.reduce((sum, count) => sum + count, 0);
    step?.end([total]);
    return total;
  }

  /** Every point of the collection is as likely as the others. */
  async sample(
    collection: CollectionState,
    query: SampleQuery,
    reading: Reading,
  ): Promise<PointRecord[]> {
    const { seed, limit, filter } = query;
    const step = reading.trace?.begin(collection, { kind: 'sample', filter, limit });
    const answers = await this.#fanOut.askEach<'sample'>(
      collection,
      { kind: 'sample', query },
      { ...reading, step, combine: agreedRecords<PointRecord> },
    );
    step?.end([answers.reduce((sum, records) => sum + records.length, 0)]);
    return endInSlices(sampleSteps(answers, seed, limit));
  }

  /** The most frequent first, equal counts by value. `perShard` values of each shard are counted. */
  async facet(
    collection: CollectionState,
    query: { readonly key: string; readonly filter?: Filter; readonly limit: number },
    perShard: number,
    reading: Reading,
  ): Promise<FacetHit[]> {
    const { filter, limit } = query;
    const step = reading.trace?.begin(collection, { kind: 'facet', filter, limit });
    const answers = await this.#fanOut.askEach<'facet'>(
      collection,
      { kind: 'facet', query: { ...query, limit: perShard } },
      {
        ...reading,
        step,
        combine: (hits, agreement) => endInSlices(agreedFacetSteps(hits, agreement)),
      },
    );
    const hits = await endInSlices(mergeFacetSteps(answers, limit));
    step?.end([hits.length]);
    return hits;
  }

  async termStatistics(
    collection: CollectionState,
    query: TermStatisticsQuery,
    reading: Reading,
  ): Promise<TermStatistics> {
    const { filter } = query;
    const step = reading.trace?.begin(collection, { kind: 'termStatistics', filter });
    const answers = await this.#fanOut.askEach<'termStatistics'>(
      collection,
      { kind: 'termStatistics', query },
      // Frequencies only weigh terms: any one replica's will do.
      { ...reading, step, combine: ([first]) => first ?? { points: 0, frequencies: [] } },
    );
    const statistics = sumTermStatistics(answers);
    step?.end([statistics.points]);
    return statistics;
  }

  /** Errors: `bad_request` where the field has no text index that ranks. */
  async textStatistics(
    collection: CollectionState,
    query: TextStatisticsQuery,
    reading: Reading,
  ): Promise<TextStatistics> {
    const { filter } = query;
    const step = reading.trace?.begin(collection, { kind: 'termStatistics', filter });
    const answers = await this.#fanOut.askEach<'textStatistics'>(
      collection,
      { kind: 'textStatistics', query },
      // Frequencies only weigh terms: any one replica's will do.
      { ...reading, step, combine: ([first]) => first ?? sumTextStatistics([]) },
    );
    const statistics = sumTextStatistics(answers);
    step?.end([statistics.documents]);
    return statistics;
  }
}

/** The queries in calls whose vectors are copied in one go. */
function callsOf(queries: readonly SearchQuery[]): (readonly SearchQuery[])[] {
  const calls: (readonly SearchQuery[])[] = [];
  let from = 0;
  let bytes = 0;
  for (const [i, { scoring }] of queries.entries()) {
    const size = scoring.kind === 'nearest' ? vectorBytes(scoring.vector) : 0;
    if (i > from && bytes + size > CALL_BYTES_MAX) {
      calls.push(queries.slice(from, i));
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (from < queries.length) calls.push(from === 0 ? queries : queries.slice(from));
  return calls;
}

/** What `make` makes of each query's lists, one a shard or a replica. */
function* eachSearch(
  queries: readonly SearchQuery[],
  answers: readonly (readonly (readonly ScoredPoint[])[])[],
  make: (query: SearchQuery, lists: readonly (readonly ScoredPoint[])[]) => Steps<ScoredPoint[]>,
): Steps<ScoredPoint[][]> {
  const made: ScoredPoint[][] = [];
  for (const [i, query] of queries.entries()) {
    if (i % SEARCHES_PER_STEP === SEARCHES_PER_STEP - 1) yield;
    const lists = answers.map((each) => each[i] ?? []);
    made.push(yield* make(query, lists));
  }
  return made;
}

function agreedRecords<T extends PointRecord>(
  lists: readonly (readonly T[])[],
  agreement: Agreement,
): T[] | Promise<T[]> {
  return endInSlices(agreedRecordSteps(lists, agreement));
}

/** The records of the lists in the order of their ids. */
function* inOrderOf(
  ids: readonly PointId[],
  lists: readonly (readonly PointRecord[])[],
): Steps<PointRecord[]> {
  const byId = new Map<PointId, PointRecord>();
  for (const list of lists) {
    yield* visitSteps(list, POINTS_PER_STEP, (record) => void byId.set(record.id, record));
  }
  const records: PointRecord[] = [];
  yield* visitSteps(ids, POINTS_PER_STEP, (id) => {
    const record = byId.get(id);
    if (record !== undefined) records.push(record);
  });
  return records;
}

/** The first by a hash of their ids. */
function* sampleSteps(
  answers: readonly (readonly PointRecord[])[],
  seed: number,
  limit: number,
): Steps<PointRecord[]> {
  const points = yield* newestSteps(answers);
  const hashed = yield* mapSteps(points, POINTS_PER_STEP, (record) => {
    return { record, hash: sampleHash(record.id, seed) };
  });
  const sorted = yield* sortSteps(
    hashed,
    (a, b) => a.hash - b.hash || comparePointIds(a.record.id, b.record.id),
  );
  return sorted.slice(0, limit).map(({ record }) => record);
}

function countOf(filter: Filter) {
  return { kind: 'count', filter } as const;
}

/** A distance in whose convention the query's scores are sorted: only `nearest` keeps that of the vector. */
function scoreOrder({ config }: CollectionState, { scoring, using }: SearchQuery) {
  const params = Object.hasOwn(config.vectors, using) ? config.vectors[using] : undefined;
  // Sparse vectors are compared as dot products are.
  if (scoring.kind !== 'nearest' || params === undefined) return 'Dot';
  return params.distance;
}
