// Large reads step by step: each step asks the replica for a little and gives that part of the answer, so that the
// thread can do other work in between. All steps are of one state: see `long-reads.ts`.

import {
  type Filter,
  ID_ONLY,
  type PointId,
  type PointRecord,
  type Projection,
  type ScoredPoint,
  type ScrollQuery,
  type SearchQuery,
} from '@tributary/model';
import type { Steps } from '@tributary/runtime';
import { contentBytes, type ReplicaAnswers, type ReplicaCall } from '@tributary/wire';

type CallOf<K extends ReplicaCall['kind']> = Extract<ReplicaCall, { kind: K }>;

/** Reads of a little: at once, but for what a filter may ask of every point. */
export interface SmallReads {
  /** Of a filter for the reads after it. */
  evaluate(filter: Filter): Steps<void>;
  search(query: SearchQuery): readonly ScoredPoint[];
  retrieve(ids: readonly PointId[], projection: Projection): ReplicaAnswers['retrieve'];
  scroll(query: ScrollQuery): Steps<ReplicaAnswers['scroll']>;
  sample(query: CallOf<'sample'>['query']): ReplicaAnswers['sample'];
}

/** One whose answer is made of small ones. */
export type SteppedCall = CallOf<'search' | 'retrieve' | 'scroll' | 'sample'>;
export type LargeCall = SteppedCall | CallOf<'bucketPoints'>;

/** More points than this are read in steps; so many are read in well below a millisecond without their vectors. */
const SMALL_POINTS_MAX = 100;
/** A plain search takes about 0.1 ms. */
const SMALL_SEARCHES_MAX = 16;
/** The first step; the next ones are as long as that one's points allow. */
const FIRST_STEP_POINTS = 64;
const STEP_BYTES = 256 * 1024;
const STEP_POINTS_MAX = 1_000;

export function isLarge(call: ReplicaCall): call is LargeCall {
  switch (call.kind) {
    case 'search':
      return call.queries.length > SMALL_SEARCHES_MAX || pointsOf(call.queries) > SMALL_POINTS_MAX;
    case 'retrieve':
      return call.ids.length > SMALL_POINTS_MAX;
    case 'scroll':
    case 'sample':
      return call.query.limit > SMALL_POINTS_MAX;
    case 'bucketPoints':
      return true;
    default:
      return false;
  }
}

/** Parts of the answer, of which there is at least one; undefined to pause at. Errors: those of the reads. */
export function* answerSteps(
  call: SteppedCall,
  reads: SmallReads,
): Generator<ReplicaAnswers[SteppedCall['kind']] | undefined> {
  switch (call.kind) {
    case 'search':
      return yield* searchSteps(call.queries, reads);
    case 'retrieve':
      return yield* retrieveSteps(call.ids, call.projection, reads);
    case 'scroll': {
      if (call.query.orderBy === undefined) return yield* scrollSteps(call.query, reads);
      const found = yield* reads.scroll(bare(call.query));
      return yield* contentSteps(found, call.query.projection, reads);
    }
    case 'sample': {
      if (call.query.filter !== undefined) yield* reads.evaluate(call.query.filter);
      return yield* contentSteps(reads.sample(bare(call.query)), call.query.projection, reads);
    }
  }
}

/** Those that a call has evaluated, but for that of a scroll in the order of ids. */
export function filtersOf(call: ReplicaCall): readonly Filter[] {
  const filters = () => {
    switch (call.kind) {
      case 'search':
        return call.queries.map(({ filter }) => filter);
      case 'count':
        return [call.filter];
      case 'sample':
      case 'facet':
      case 'termStatistics':
      case 'textStatistics':
        return [call.query.filter];
      default:
        return [];
    }
  };
  return filters().filter((filter) => filter !== undefined);
}

function pointsOf(queries: readonly SearchQuery[]): number {
  return queries.reduce((sum, { limit }) => sum + limit, 0);
}

function bare<Query extends { readonly projection: Projection }>(query: Query): Query {
  return { ...query, projection: ID_ONLY };
}

/** The first list of a part goes on with the last of the part before: one that begins anew is behind an empty one. */
function* searchSteps(
  queries: readonly SearchQuery[],
  reads: SmallReads,
): Generator<ReplicaAnswers['search'] | undefined> {
  for (let from = 0; from < queries.length; ) {
    const [first] = queries.slice(from, from + 1);
    if (first !== undefined && first.limit > SMALL_POINTS_MAX) {
      if (first.filter !== undefined) yield* reads.evaluate(first.filter);
      const found = reads.search(bare(first));
      let isNew = from > 0;
      for (const part of contentSteps(found, first.projection, reads)) {
        yield isNew ? [[], part] : [part];
        isNew = false;
      }
      from++;
      continue;
    }
    let to = from + 1;
    while (to < queries.length && pointsOf(queries.slice(from, to + 1)) <= SMALL_POINTS_MAX) to++;
    const lists: (readonly ScoredPoint[])[] = from > 0 ? [[]] : [];
    for (const query of queries.slice(from, to)) {
      if (query.filter !== undefined) yield* reads.evaluate(query.filter);
      lists.push(reads.search(query));
      yield;
    }
    yield lists;
    from = to;
  }
}

function* retrieveSteps(
  ids: readonly PointId[],
  projection: Projection,
  reads: SmallReads,
): Generator<readonly PointRecord[]> {
  let step = FIRST_STEP_POINTS;
  for (let from = 0; from < ids.length; ) {
    const records = reads.retrieve(ids.slice(from, from + step), projection);
    from += step;
    yield records;
    step = nextStep(records);
  }
}

/** From the last point of a step on, which is then left out. */
function* scrollSteps(
  query: ScrollQuery,
  reads: SmallReads,
): Generator<readonly PointRecord[] | undefined> {
  let step = FIRST_STEP_POINTS;
  let last: PointId | undefined;
  for (let left = query.limit; left > 0; ) {
    const wanted = Math.min(step, left);
    const from = last === undefined ? {} : { offset: last };
    const limit = last === undefined ? wanted : wanted + 1;
    const found = yield* reads.scroll({ ...query, ...from, limit });
    const records = found[0]?.id === last ? found.slice(1) : found;
    yield records;
    if (found.length < limit) return;
    last = records.at(-1)?.id;
    left -= records.length;
    step = nextStep(records);
  }
}

/** Points that are known already, and what of them is wanted. */
function* contentSteps<T extends PointRecord>(
  points: readonly T[],
  projection: Projection,
  reads: SmallReads,
): Generator<readonly T[]> {
  let step = FIRST_STEP_POINTS;
  let from = 0;
  do {
    const some = points.slice(from, from + step);
    const records = reads.retrieve(
      some.map(({ id }) => id),
      projection,
    );
    yield some.map((point, i) => ({ ...point, ...records[i] }));
    from += some.length;
    step = nextStep(records);
  } while (from < points.length);
}

function nextStep(records: readonly PointRecord[]): number {
  const bytes = records.reduce((sum, record) => sum + contentBytes(record), 0);
  const each = bytes / Math.max(1, records.length);
  return Math.max(1, Math.min(STEP_POINTS_MAX, Math.floor(STEP_BYTES / Math.max(1, each))));
}
