// What a filter looks at, as far as it decides what must be read to evaluate it.

import type { Condition, Filter } from './filter.ts';

/** Whether the filter asks which vectors a point has; a subject without `vectorNames` would not do. */
export function asksForVectors(filter: Filter): boolean {
  const clauses = [filter.must, filter.should, filter.mustNot, filter.minShould?.conditions];
  return clauses.some((clause) => clause?.some(isAboutVectors) ?? false);
}

/** Whether the filter asks for the point's version. */
export function asksForVersion(filter: Filter): boolean {
  const clauses = [filter.must, filter.should, filter.mustNot, filter.minShould?.conditions];
  return clauses.some((clause) => clause?.some(isAboutVersion) ?? false);
}

function isAboutVersion(condition: Condition): boolean {
  if (condition.kind === 'version') return true;
  return condition.kind === 'filter' && asksForVersion(condition.filter);
}

function isAboutVectors(condition: Condition): boolean {
  switch (condition.kind) {
    case 'hasVector':
      return true;
    case 'nested':
    case 'filter':
      return asksForVectors(condition.filter);
    default:
      return false;
  }
}
