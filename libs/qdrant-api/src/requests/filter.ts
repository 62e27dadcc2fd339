// Filters in JSON bodies to the model's filter. A key that a filter does not know is refused: a misspelt clause that
// was ignored would match everything.

import type { Condition, Filter, JsonObject, JsonValue } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import { fieldCondition, notNested } from './field-condition.ts';
import {
  at,
  checkCount,
  checkRange,
  isArray,
  isObject,
  present,
  readArray,
  readObject,
  readPointIds,
  readString,
  readUnsigned,
} from './json-reader.ts';
import { NESTING_MAX } from './nesting.ts';
import { readFieldPath } from './version-condition.ts';

export { anyOf, expecting } from './field-condition.ts';

const PATH_SHOWN_MAX = 100;
const CLAUSES = new Set(['must', 'should', 'must_not', 'min_should']);
const CONDITION_KEYS = ['key', 'is_empty', 'is_null', 'has_id', 'has_vector', 'slice', 'nested'];
const CONDITION_EXPECTED =
  'Expected some form of condition, which can be a field condition like {"key": ..., "match": ...}, ' +
  'or one of `is_empty`, `is_null`, `has_id`, `has_vector`, `slice`, `nested`, or a filter';

export function readFilter(value: JsonValue | undefined, path: string): Filter {
  return filterOf(value, path, { depth: 0, nested: false });
}

/** Whether an object can only be meant as a condition. */
export function isCondition(object: JsonObject): boolean {
  return Object.keys(object).some((key) => CLAUSES.has(key) || CONDITION_KEYS.includes(key));
}

export function readCondition(value: JsonValue, path: string): Condition {
  return conditionOf(value, path, { depth: 0, nested: false });
}

interface Place {
  readonly depth: number;
  /** Inside a `nested` condition. */
  readonly nested: boolean;
}

function filterOf(value: JsonValue | undefined, path: string, place: Place): Filter {
  const object = readObject(value, path);
  for (const key of Object.keys(object)) {
    if (!CLAUSES.has(key)) {
      const known = 'expected one of `should`, `min_should`, `must`, `must_not`';
      throw formatError(`${path}: unknown field \`${key}\`, ${known}`);
    }
  }
  checkFilterDepth(place.depth, path);
  return present<Filter>({
    must: clauseOf(object.must, at(path, 'must'), place),
    should: clauseOf(object.should, at(path, 'should'), place),
    mustNot: clauseOf(object.must_not, at(path, 'must_not'), place),
    minShould: minShouldOf(object.min_should, at(path, 'min_should'), place),
  });
}

/** Refuses a filter that lies within `depth` others. */
export function checkFilterDepth(depth: number, path: string): void {
  if (depth < NESTING_MAX) return;
  throw validationError(path.slice(0, PATH_SHOWN_MAX), `filters may be nested ${NESTING_MAX} deep`);
}

function clauseOf(
  value: JsonValue | undefined,
  path: string,
  place: Place,
): readonly Condition[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (isArray(value)) return value.map((item, i) => conditionOf(item, `${path}[${i}]`, place));
  return [conditionOf(value, path, place)];
}

function minShouldOf(
  value: JsonValue | undefined,
  path: string,
  place: Place,
): Filter['minShould'] | undefined {
  if (value === undefined || value === null) return undefined;
  const object = readObject(value, path);
  const where = `${path}.conditions`;
  const conditions = readArray(object.conditions, where).map((item, i) =>
    conditionOf(item, `${where}[${i}]`, place),
  );
  const minCount = readUnsigned(object.min_count, `${path}.min_count`);
  return { conditions, minCount: checkCount(minCount, `${path}.min_count`, 1) };
}

function conditionOf(value: JsonValue, path: string, place: Place): Condition {
  if (!isObject(value)) throw formatError(`${path}: ${CONDITION_EXPECTED}`);
  if (value.key !== undefined) return fieldCondition(value, path, place.nested);
  if (value.is_empty !== undefined) {
    return { kind: 'isEmpty', key: keyOf(value.is_empty, `${path}.is_empty`) };
  }
  if (value.is_null !== undefined) {
    return { kind: 'isNull', key: keyOf(value.is_null, `${path}.is_null`) };
  }
  if (value.has_id !== undefined) {
    if (place.nested) throw notNested('has_id', path);
    return { kind: 'hasId', ids: readPointIds(value.has_id, `${path}.has_id`) };
  }
  if (value.has_vector !== undefined) {
    if (place.nested) throw notNested('has_vector', path);
    return { kind: 'hasVector', name: readString(value.has_vector, `${path}.has_vector`) };
  }
  if (value.slice !== undefined) {
    if (place.nested) throw notNested('slice', path);
    return sliceOf(value.slice, `${path}.slice`);
  }
  const inner = place.depth + 1;
  if (value.nested !== undefined) {
    const nested = readObject(value.nested, `${path}.nested`);
    const key = keyOf(nested, `${path}.nested`);
    const filter = filterOf(nested.filter, `${path}.nested.filter`, { depth: inner, nested: true });
    return { kind: 'nested', key, filter };
  }
  if (Object.keys(value).every((key) => !CLAUSES.has(key))) {
    throw formatError(`${path}: ${CONDITION_EXPECTED}`);
  }
  return { kind: 'filter', filter: filterOf(value, path, { ...place, depth: inner }) };
}

function keyOf(value: JsonValue, path: string): string {
  return readFieldPath(readObject(value, path).key, `${path}.key`);
}

function sliceOf(value: JsonValue, path: string): Condition {
  const object = readObject(value, path);
  const total = readUnsigned(object.total, `${path}.total`);
  return sliceCondition(total, readUnsigned(object.index, `${path}.index`), path);
}

export function sliceCondition(total: number, index: number, path: string): Condition {
  checkRange(total, `${path}.total`, 1);
  return { kind: 'slice', total, index: checkRange(index, `${path}.index`, 0, total - 1) };
}
