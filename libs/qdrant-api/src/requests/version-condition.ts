// The reserved key `$version` of filters: the point's own version, for writes that shall only happen while no one else
// has changed the point. A payload field of that name is reached by its quoted path, `"$version"`.

import type { Condition, JsonValue } from '@tributary/model';
import { validationError } from '../errors.ts';
import { at, readPath } from './json-reader.ts';

export const VERSION_KEY = '$version';

/** The path of a payload field, for conditions that versions do not have. */
export function readFieldPath(value: JsonValue | undefined, path: string): string {
  if (value === VERSION_KEY) throw notComparable(path);
  return readPath(value, path);
}

/** What a predicate that was read for the key means. Errors: `validation` for one that is not about integers. */
export function versionCondition(predicate: Condition, path: string): Condition {
  switch (predicate.kind) {
    case 'match':
      return versionAmong([predicate.value], path);
    case 'matchAny':
      return versionAmong(predicate.any, path);
    case 'matchExcept': {
      const listed = versionAmong(predicate.except, path);
      return { kind: 'filter', filter: { mustNot: [listed] } };
    }
    case 'range':
      return { kind: 'version', range: predicate.range };
    default:
      throw notComparable(at(path, 'key'));
  }
}

/** The values are exact up to 2^53, and beyond that there are no versions. */
function versionAmong(values: readonly unknown[], path: string): Condition {
  const conditions = values.map((value): Condition => {
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw notComparable(at(path, 'key'));
    }
    const version = Number(value);
    return { kind: 'version', range: { gte: version, lte: version } };
  });
  const [only] = conditions;
  if (only === undefined) return { kind: 'version', range: { lt: 0 } };
  return conditions.length === 1 ? only : { kind: 'filter', filter: { should: conditions } };
}

function notComparable(path: string): Error {
  const rule = 'matches integers and takes ranges of numbers; a payload field of that name is';
  return validationError(path, `\`${VERSION_KEY}\` ${rule} \`"${VERSION_KEY}"\``);
}
