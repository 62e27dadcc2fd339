// Puts the answers of the shards together. A point that two shards report (it was moved) counts once, at its newest.
//
// The lists are sorted already; they are joined and sorted again, because the sort finds the sorted runs and merges
// them. All in steps: an answer may be of a whole collection.

import {
  compareNumbers,
  comparePointIds,
  type Distance,
  type ExactNumber,
  exactNumberOf,
  higherIsBetter,
  type OrderValue,
  type PointId,
  type Sequence,
} from '@tributary/model';
import { type Steps, sortSteps, visitSteps } from '@tributary/runtime';

/** A point takes some 0.2 µs. */
const POINTS_PER_STEP = 1_000;

interface Versioned {
  readonly id: PointId;
  readonly version: Sequence;
}

/** The `limit` best of lists that are sorted best first; equal scores in id order. */
export function* mergeScoredSteps<T extends Versioned & { readonly score: number }>(
  lists: readonly (readonly T[])[],
  limit: number,
  distance: Distance,
): Steps<T[]> {
  const sign = higherIsBetter(distance) ? -1 : 1;
  const points = yield* newestSteps(lists);
  const compare = (a: T, b: T) => sign * (a.score - b.score) || comparePointIds(a.id, b.id);
  return (yield* sortSteps(points, compare)).slice(0, limit);
}

/** The first `limit` of lists that are sorted by id. */
export function* mergeScrollSteps<T extends Versioned>(
  lists: readonly (readonly T[])[],
  limit: number,
): Steps<T[]> {
  const points = yield* newestSteps(lists);
  return (yield* sortSteps(points, (a, b) => comparePointIds(a.id, b.id))).slice(0, limit);
}

/**
 * The first `limit` of lists that are ordered by a value, in which a point may stand several times; equal values in id
 * order.
 */
export function* mergeOrderedSteps<T extends Versioned & { readonly orderValue?: OrderValue }>(
  lists: readonly (readonly T[])[],
  limit: number,
  direction: 'asc' | 'desc',
): Steps<T[]> {
  const newest = yield* newestById(lists);
  const current: T[] = [];
  for (const list of lists) {
    yield* visitSteps(list, POINTS_PER_STEP, (point) => {
      if (newest.get(point.id)?.version === point.version) current.push(point);
    });
  }
  const sign = direction === 'asc' ? 1 : -1;
  const compare = (a: T, b: T) =>
    sign * compareNumbers(orderOf(a), orderOf(b)) || comparePointIds(a.id, b.id);
  const merged: T[] = [];
  let last: T | undefined;
  yield* visitSteps(yield* sortSteps(current, compare), POINTS_PER_STEP, (point) => {
    // Two shards may report one place of a point; the two then stand side by side.
    if (last === undefined || compare(last, point) !== 0) merged.push(point);
    last = point;
  });
  return merged.slice(0, limit);
}

function orderOf({ orderValue }: { readonly orderValue?: OrderValue }): ExactNumber {
  return exactNumberOf(orderValue) ?? 0;
}

/** The points of all lists, each id once at its newest version. */
export function* newestSteps<T extends Versioned>(lists: readonly (readonly T[])[]): Steps<T[]> {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined) return [...only];
  return [...(yield* newestById(lists)).values()];
}

function* newestById<T extends Versioned>(
  lists: readonly (readonly T[])[],
): Steps<ReadonlyMap<PointId, T>> {
  const points = new Map<PointId, T>();
  for (const list of lists) {
    yield* visitSteps(list, POINTS_PER_STEP, (point) => {
      const known = points.get(point.id);
      if (known === undefined || known.version < point.version) points.set(point.id, point);
    });
  }
  return points;
}
