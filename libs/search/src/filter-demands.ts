// What a filter demands, as far as it decides what must be looked at; and its name among others.

import type { Condition, Filter, PointId } from '@tributary/model';

/** The ids that the filter demands one of; undefined where it demands none. */
export function listedIds(filter: Filter): ReadonlySet<PointId> | undefined {
  let listed: ReadonlySet<PointId> | undefined;
  for (const condition of filter.must ?? []) {
    const ids = idsOf(condition);
    if (ids !== undefined) listed = listed === undefined ? ids : listed.intersection(ids);
  }
  return listed;
}

function idsOf(condition: Condition): ReadonlySet<PointId> | undefined {
  if (condition.kind === 'hasId') return new Set(condition.ids);
  return condition.kind === 'filter' ? listedIds(condition.filter) : undefined;
}

/** Whether it takes a point's payload to tell if the filter holds. */
export function asksForPayload(filter: Filter): boolean {
  const clauses = [filter.must, filter.should, filter.mustNot, filter.minShould?.conditions];
  return clauses.some((clause) => clause?.some(isAboutPayload) ?? false);
}

function isAboutPayload(condition: Condition): boolean {
  switch (condition.kind) {
    case 'hasId':
    case 'hasVector':
    case 'slice':
    case 'version':
      return false;
    case 'filter':
      return asksForPayload(condition.filter);
    default:
      return true;
  }
}

/** One text for one filter: what JSON cannot tell apart is marked with an object, which no filter holds. */
export function filterKey(filter: Filter): string {
  return JSON.stringify(filter, (_, value: unknown) => {
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
    return value;
  });
}
