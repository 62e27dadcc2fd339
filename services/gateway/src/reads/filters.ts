// Filters made of filters.

import type { Filter, PointId } from '@tributary/model';

/** Holds where all of them hold; undefined where there is none. */
export function allOf(...filters: readonly (Filter | undefined)[]): Filter | undefined {
  const given = filters.filter((filter) => filter !== undefined);
  if (given.length < 2) return given[0];
  return { must: given.map((filter) => ({ kind: 'filter', filter })) };
}

export function onlyThese(ids: readonly PointId[]): Filter {
  return { must: [{ kind: 'hasId', ids }] };
}

/** Undefined where there is nothing to leave out. */
export function notThese(ids: readonly PointId[]): Filter | undefined {
  return ids.length === 0 ? undefined : { mustNot: [{ kind: 'hasId', ids }] };
}
