// Groups the points a query finds by a value of their payload. What it finds is what it would find without groups, to
// the last point: a prefetch keeps its limit, and finds points that are in no group too.
//
//   widen: the query's best points, four times as many each time, until they settle the groups or there are no more
//   find:  where one value covers the best points, ask for points of other values
//   fill:  ask for more points of the groups that are not full
//
// Invariant: groups stand in the order of their best hits. Finding and filling only go on where widening ended: every
// group found later has a worse best hit, every hit found later stands behind those of its group.

import type { CollectionState } from '@tributary/metadata';
import {
  type Filter,
  type GroupKey,
  type GroupsRequest,
  type PointGroup,
  type PointId,
  type PointRecord,
  type Projection,
  parsePointId,
  payloadFromBytes,
  type QueryRequest,
  type ScoredPoint,
} from '@tributary/model';
import { GroupCollector } from '@tributary/ranking';
import { endInSlices, mapSteps, visitSteps } from '@tributary/runtime';
import type { CollectionNames } from '../cluster/collection-names.ts';
import { allOf, notThese } from './filters.ts';
import { lookupCollection } from './query-examples.ts';
import type { QueryExecutor } from './query-executor.ts';
import { elsewhere, type Reading, type ShardReads } from './shard-reads.ts';

export interface QueryGroupsOptions {
  readonly executor: QueryExecutor;
  readonly reads: ShardReads;
  readonly names: CollectionNames;
}

/** Parsing the payload takes some 2 µs. */
const POINTS_PER_STEP = 200;
const FIRST_POINTS_MIN = 64;
const WIDENING = 4;
/** More than a replica holds; limits travel in 32 bits, and twice this must. */
const POINTS_MAX = 2 ** 30;
/** Widening beyond this would move whole collections; then single values are asked for. */
const WIDE_POINTS_MAX = 4_096;
/** Rounds of finding and filling; each settles at least one group or ends. */
const ROUNDS_MAX = 64;

export class QueryGroups {
  readonly #options: QueryGroupsOptions;

  constructor(options: QueryGroupsOptions) {
    this.#options = options;
  }

  /** Errors: those of the executor; `not_found` for the collection to look groups up in. */
  async run(
    collection: CollectionState,
    request: GroupsRequest,
    reading: Reading,
  ): Promise<PointGroup[]> {
    const lookup = request.withLookup;
    const other = lookup && (await lookupCollection(lookup.collection, this.#options.names));
    const groups = await this.#collect(collection, request, reading);
    const hits = await this.#hydrate(collection, groups, request.query.projection, reading);
    const found =
      other === undefined || lookup === undefined
        ? new Map<PointId, PointRecord>()
        : await this.#lookUp(other, groups, lookup.projection, reading);
    const steps = mapSteps(groups, POINTS_PER_STEP, ({ id, hits: ofGroup }) => {
      const point = found.get(idOfKey(id) ?? '');
      const group = { id, hits: ofGroup.flatMap((hit) => hits.get(hit.id) ?? []) };
      return point === undefined ? group : { ...group, lookup: point };
    });
    return endInSlices(steps);
  }

  async #collect(collection: CollectionState, request: GroupsRequest, reading: Reading) {
    const { query, groupBy, groupSize } = request;
    const options = { groupBy, groupSize, limit: query.limit };
    const search = this.#searching(collection, request, reading);
    const wanted = Math.min(query.limit * groupSize, POINTS_MAX);
    let limit = firstLimit(query, wanted);
    while (true) {
      const collector = new GroupCollector<ScoredPoint>(options);
      const points = await search(limit);
      await take(collector, points);
      if (collector.isComplete || points.length < limit) return collector.groups();
      if (limit >= WIDE_POINTS_MAX && canNarrow(query)) {
        const seen = new Set<PointId>();
        await endInSlices(visitSteps(points, POINTS_PER_STEP, ({ id }) => void seen.add(id)));
        await findMore(collector, groupBy, (filter) => search(wanted, filter));
        await fillUp(collector, groupBy, seen, (filter) => search(wanted, filter));
        return collector.groups();
      }
      limit *= WIDENING;
    }
  }

  #searching(collection: CollectionState, { query, groupBy }: GroupsRequest, reading: Reading) {
    const present: Filter = { mustNot: [{ kind: 'isEmpty', key: groupBy }] };
    const projection: Projection = {
      payload: { kind: 'include', keys: [groupBy] },
      vectors: { kind: 'none' },
    };
    return async (limit: number, narrowing?: Filter): Promise<ScoredPoint[]> => {
      const filter = allOf(query.filter, ranksEachAlone(query) ? present : undefined, narrowing);
      const bounded = { ...query, limit, offset: 0, projection };
      const request = filter === undefined ? bounded : { ...bounded, filter };
      const [points = []] = await this.#options.executor.run(collection, [request], reading);
      return points;
    };
  }

  async #hydrate(
    collection: CollectionState,
    groups: readonly { readonly hits: readonly ScoredPoint[] }[],
    projection: Projection,
    reading: Reading,
  ): Promise<ReadonlyMap<PointId, ScoredPoint>> {
    const hits = new Map<PointId, ScoredPoint>();
    for (const { id, version, score, orderValue } of groups.flatMap((group) => group.hits)) {
      const bare = { id, version, score };
      hits.set(id, orderValue === undefined ? bare : { ...bare, orderValue });
    }
    const { executor } = this.#options;
    const points = await executor.hydrate(collection, [...hits.values()], projection, reading);
    return new Map(points.map((point) => [point.id, point]));
  }

  async #lookUp(
    other: CollectionState,
    groups: readonly { readonly id: GroupKey }[],
    projection: Projection,
    reading: Reading,
  ): Promise<ReadonlyMap<PointId, PointRecord>> {
    const ids = groups.flatMap(({ id }) => idOfKey(id) ?? []);
    const how = elsewhere(reading);
    const records = await this.#options.reads.retrieve(other, ids, projection, how);
    return new Map(records.map((record) => [record.id, record]));
  }
}

type Collector = GroupCollector<ScoredPoint>;
type Narrowed = (filter: Filter) => Promise<ScoredPoint[]>;

async function take(collector: Collector, points: readonly ScoredPoint[]): Promise<void> {
  await endInSlices(
    visitSteps(points, POINTS_PER_STEP, (point) => {
      if (point.payload !== undefined) collector.add(point, payloadFromBytes(point.payload));
    }),
  );
}

async function findMore(collector: Collector, key: string, search: Narrowed): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX && collector.missing > 0; round++) {
    const known = collector.keys;
    await take(collector, await search({ must: [{ kind: 'matchExcept', key, except: known }] }));
    if (collector.keys.length === known.length) return;
  }
}

async function fillUp(
  collector: Collector,
  key: string,
  seen: Set<PointId>,
  search: Narrowed,
): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const open = collector.unfilled;
    if (open.length === 0) return;
    const ofOpen: Filter = { must: [{ kind: 'matchAny', key, any: open }] };
    const points = await search(allOf(ofOpen, notThese([...seen])) ?? ofOpen);
    if (points.length === 0) return;
    await take(collector, points);
    for (const { id } of points) seen.add(id);
  }
}

/** One more than its prefetches find, so that the end shows; without prefetches some more than the groups hold. */
function firstLimit({ prefetch }: QueryRequest, wanted: number): number {
  const found = prefetch.reduce((sum, { limit }) => sum + limit, 0);
  if (found > 0 && found < WIDE_POINTS_MAX) return found + 1;
  return Math.max(FIRST_POINTS_MIN, 2 * wanted);
}

/** A filter only takes points away from what it finds: not so where prefetches or a number of candidates bound that. */
function ranksEachAlone({ prefetch, query }: QueryRequest): boolean {
  return prefetch.length === 0 && !(query?.kind === 'nearest' && query.mmr !== undefined);
}

/** Further searches continue the same order: not so where chance makes it. */
function canNarrow(request: QueryRequest): boolean {
  return ranksEachAlone(request) && request.query?.kind !== 'sample';
}

function idOfKey(key: GroupKey): PointId | undefined {
  return parsePointId(key);
}
