// What a filter looks at, as far as it decides what must be read to evaluate it; and its name among others.

import type { Condition, Filter } from './filter.ts';
import type { PointId } from './point-id.ts';

/** Whether the filter asks which vectors a point has; a subject without `vectorNames` would not do. */
export function asksForVectors(filter: Filter): boolean {
  return hasCondition(filter, ({ kind }) => kind === 'hasVector');
}

/** Whether the filter asks for the point's version. */
export function asksForVersion(filter: Filter): boolean {
  return hasCondition(filter, ({ kind }) => kind === 'version');
}

/** Whether it takes a point's payload to tell if the filter holds. */
export function asksForPayload(filter: Filter): boolean {
  return hasCondition(filter, ({ kind }) => !OF_NO_PAYLOAD.has(kind));
}

/** `filter` stands for the conditions in it. */
const OF_NO_PAYLOAD: ReadonlySet<Condition['kind']> = new Set([
  'hasId',
  'hasVector',
  'slice',
  'version',
  'filter',
]);

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

/** One text for one filter: what JSON cannot tell apart is marked with an object, which no filter holds. */
export function filterKey(filter: Filter): string {
  return JSON.stringify(filter, (_, value: unknown) => {
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
    return value;
  });
}

/** Whether any condition is one that is looked for, in whatever clause and however deep. */
function hasCondition(filter: Filter, isSought: (condition: Condition) => boolean): boolean {
  const clauses = [filter.must, filter.should, filter.mustNot, filter.minShould?.conditions];
  return clauses.some((clause) =>
    clause?.some((condition) => {
      if (isSought(condition)) return true;
      const isOfFilter = condition.kind === 'filter' || condition.kind === 'nested';
      return isOfFilter && hasCondition(condition.filter, isSought);
    }),
  );
}
