// Puts the answers of the shards together. A point that two shards report (it was moved) counts once, at its newest.
//
// The lists are sorted already; they are joined and sorted again, because the sort of the engine finds the sorted runs
// and merges them.

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

interface Versioned {
  readonly id: PointId;
  readonly version: Sequence;
}

/** The `limit` best of lists that are sorted best first; equal scores in id order. */
export function mergeScored<T extends Versioned & { readonly score: number }>(
  lists: readonly (readonly T[])[],
  limit: number,
  distance: Distance,
): T[] {
  const sign = higherIsBetter(distance) ? -1 : 1;
  return mergeNewest(lists)
    .sort((a, b) => sign * (a.score - b.score) || comparePointIds(a.id, b.id))
    .slice(0, limit);
}

/** The first `limit` of lists that are sorted by id. */
export function mergeScroll<T extends Versioned>(
  lists: readonly (readonly T[])[],
  limit: number,
): T[] {
  return mergeNewest(lists)
    .sort((a, b) => comparePointIds(a.id, b.id))
    .slice(0, limit);
}

/**
 * The first `limit` of lists that are ordered by a value, in which a point may stand several times; equal values in id
 * order.
 */
export function mergeOrdered<T extends Versioned & { readonly orderValue?: OrderValue }>(
  lists: readonly (readonly T[])[],
  limit: number,
  direction: 'asc' | 'desc',
): T[] {
  const versions = new Map(mergeNewest(lists).map(({ id, version }) => [id, version]));
  const places = new Map<string, T>();
  for (const point of lists.flat()) {
    if (versions.get(point.id) !== point.version) continue;
    places.set(`${typeof point.id}/${point.id}/${orderOf(point)}`, point);
  }
  const sign = direction === 'asc' ? 1 : -1;
  return [...places.values()]
    .sort((a, b) => sign * compareNumbers(orderOf(a), orderOf(b)) || comparePointIds(a.id, b.id))
    .slice(0, limit);
}

function orderOf({ orderValue }: { readonly orderValue?: OrderValue }): ExactNumber {
  return exactNumberOf(orderValue) ?? 0;
}

/** The points of all lists, each id once at its newest version. */
export function mergeNewest<T extends Versioned>(lists: readonly (readonly T[])[]): T[] {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined) return [...only];
  const points = new Map<PointId, T>();
  for (const list of lists) {
    for (const point of list) {
      const known = points.get(point.id);
      if (known === undefined || known.version < point.version) points.set(point.id, point);
    }
  }
  return [...points.values()];
}
