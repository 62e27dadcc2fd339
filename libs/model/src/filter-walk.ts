// What a filter looks at, as far as it decides what must be read to evaluate it; and its name among others.

import type { FieldCondition } from './condition-indexes.ts';
import type { Condition, Filter } from './filter.ts';
import { elementsPath } from './filter-match.ts';
import type { PointId } from './point-id.ts';

/** How many values or ids the condition lists; undefined where it is of a kind that lists none. */
export function listedCount(condition: Condition): number | undefined {
  switch (condition.kind) {
    case 'matchAny':
      return condition.any.length;
    case 'matchExcept':
      return condition.except.length;
    case 'hasId':
      return condition.ids.length;
    default:
      return undefined;
  }
}

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

/** A condition on a field, and the path of the field from the payload's root, as an index would name it. */
export interface ConditionAt {
  readonly path: string;
  readonly condition: FieldCondition;
}

/** Every condition on a field, in any clause and however deep, in the order of the filter. */
export function* fieldConditions(filter: Filter, prefix = ''): Generator<ConditionAt> {
  for (const clause of clausesOf(filter)) {
    for (const condition of clause) {
      if (condition.kind === 'filter') yield* fieldConditions(condition.filter, prefix);
      else if (condition.kind === 'nested') {
        const inner = `${prefix}${elementsPath(condition.key)}.`;
        yield* fieldConditions(condition.filter, inner);
      } else if ('key' in condition) yield { path: prefix + condition.key, condition };
    }
  }
}

function clausesOf({ must = [], should = [], mustNot = [], minShould }: Filter) {
  return [must, should, mustNot, minShould?.conditions ?? []];
}

/** One text for one filter: what JSON cannot tell apart is marked with an object, which no filter holds. */
export function filterKey(filter: Filter): string {
  return JSON.stringify(filter, (_, value: unknown) => {
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
    return value;
  });
}

/** Whether any condition is one that is looked for, in any clause and however deep. */
function hasCondition(filter: Filter, isSought: (condition: Condition) => boolean): boolean {
  return clausesOf(filter).some((clause) =>
    clause.some((condition) => {
      if (isSought(condition)) return true;
      const isOfFilter = condition.kind === 'filter' || condition.kind === 'nested';
      return isOfFilter && hasCondition(condition.filter, isSought);
    }),
  );
}
