// Filters in JSON bodies to the model's filter. A key that a filter does not know is refused: a misspelt clause that
// was ignored would match everything.

import type { Condition, Filter, JsonObject, JsonValue, MatchValue } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import { refuseKeys, unsupported } from '../unsupported.ts';
import {
  at,
  isArray,
  isObject,
  present,
  readArray,
  readBoolean,
  readNumber,
  readObject,
  readPath,
  readPointIds,
  wrongType,
} from './json-reader.ts';

// Deep enough for any filter that a person or a program writes; less than what travels to a replica may nest, which
// some filters are wrapped for.
const DEPTH_MAX = 32;
const PATH_SHOWN_MAX = 100;
const CLAUSES = new Set(['must', 'should', 'must_not', 'min_should']);
const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
const CONDITION_EXPECTED =
  'Expected some form of condition, which can be a field condition like {"key": ..., "match": ...}, ' +
  'or one of `is_empty`, `is_null`, `has_id`, `nested`, or a filter';

export function readFilter(value: JsonValue | undefined, path: string): Filter {
  return filterOf(value, path, { depth: 0, nested: false });
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
  refuseKeys(object, { min_should: 'minShould' });
  checkFilterDepth(place.depth, path);
  return present<Filter>({
    must: clauseOf(object.must, at(path, 'must'), place),
    should: clauseOf(object.should, at(path, 'should'), place),
    mustNot: clauseOf(object.must_not, at(path, 'must_not'), place),
  });
}

/** Refuses a filter that lies within `depth` others. */
export function checkFilterDepth(depth: number, path: string): void {
  if (depth < DEPTH_MAX) return;
  throw validationError(path.slice(0, PATH_SHOWN_MAX), `filters may be nested ${DEPTH_MAX} deep`);
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

function conditionOf(value: JsonValue, path: string, place: Place): Condition {
  if (!isObject(value)) throw formatError(`${path}: ${CONDITION_EXPECTED}`);
  if (value.key !== undefined) return fieldCondition(value, path);
  if (value.is_empty !== undefined) {
    return { kind: 'isEmpty', key: keyOf(value.is_empty, `${path}.is_empty`) };
  }
  if (value.is_null !== undefined) {
    return { kind: 'isNull', key: keyOf(value.is_null, `${path}.is_null`) };
  }
  if (value.has_id !== undefined) {
    if (place.nested) {
      throw validationError(`${path}.has_id`, 'has_id is not allowed inside a nested condition');
    }
    return { kind: 'hasId', ids: readPointIds(value.has_id, `${path}.has_id`) };
  }
  refuseKeys(value, { has_vector: 'hasVector', slice: 'slice' });
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
  return readPath(readObject(value, path).key, `${path}.key`);
}

/** Several predicates on one key hold when any of them does; is_empty and is_null stand alone. */
function fieldCondition(object: JsonObject, path: string): Condition {
  const key = readPath(object.key, at(path, 'key'));
  refuseKeys(object, {
    geo_bounding_box: 'geo',
    geo_radius: 'geo',
    geo_polygon: 'geo',
    values_count: 'valuesCount',
  });
  const { is_empty: isEmpty, is_null: isNull, match, range } = object;
  if (isEmpty !== undefined && isEmpty !== null) {
    return expecting(readBoolean(isEmpty, at(path, 'is_empty')), { kind: 'isEmpty', key });
  }
  if (isNull !== undefined && isNull !== null) {
    return expecting(readBoolean(isNull, at(path, 'is_null')), { kind: 'isNull', key });
  }
  const conditions: Condition[] = [];
  if (match !== undefined && match !== null)
    conditions.push(matchOf(key, match, at(path, 'match')));
  if (range !== undefined && range !== null)
    conditions.push(rangeOf(key, range, at(path, 'range')));
  return anyOf(conditions, path);
}

/** The condition itself where `holds`, else its negation. */
export function expecting(holds: boolean, condition: Condition): Condition {
  return holds ? condition : { kind: 'filter', filter: { mustNot: [condition] } };
}

/** One condition that holds when any of these does; there must be one. */
export function anyOf(conditions: readonly Condition[], path: string): Condition {
  const [first] = conditions;
  if (first === undefined) {
    throw validationError(path, 'At least one field condition must be specified');
  }
  return conditions.length === 1 ? first : { kind: 'filter', filter: { should: conditions } };
}

function matchOf(key: string, value: JsonValue, path: string): Condition {
  const match = readObject(value, path);
  refuseKeys(match, {
    text: 'textMatch',
    text_any: 'textMatch',
    phrase: 'textMatch',
    prefix: 'prefixMatch',
  });
  if (match.value !== undefined) {
    return { kind: 'match', key, value: readMatchValue(match.value, at(path, 'value')) };
  }
  if (match.any !== undefined) {
    return { kind: 'matchAny', key, any: readMatchList(match.any, at(path, 'any')) };
  }
  const except = match.except ?? match.except_any;
  if (except !== undefined) {
    return { kind: 'matchExcept', key, except: readMatchList(except, at(path, 'except')) };
  }
  throw wrongType(path, value, 'one of `value`, `any`, `except`');
}

function readMatchValue(value: JsonValue, path: string): MatchValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (isInteger64(value)) return value;
  throw wrongType(path, value, 'a string, a 64-bit integer or a boolean');
}

/** All strings, or all integers. */
function readMatchList(value: JsonValue, path: string): MatchValue[] {
  const items = readArray(value, path);
  const list: MatchValue[] = [];
  for (const item of items) {
    const isString = typeof item === 'string';
    if (isString !== (typeof items[0] === 'string') || !(isString || isInteger64(item))) {
      throw wrongType(path, item, 'a list of strings or of 64-bit integers');
    }
    list.push(item);
  }
  return list;
}

function isInteger64(value: JsonValue): value is number | bigint {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return typeof value === 'bigint' && value >= I64_MIN && value <= I64_MAX;
}

function rangeOf(key: string, value: JsonValue, path: string): Condition {
  const range = readObject(value, path);
  const bound = (name: string) => {
    const limit = range[name];
    if (limit === undefined || limit === null) return undefined;
    if (typeof limit === 'string') throw unsupported('datetimeRange');
    return readNumber(limit, at(path, name));
  };
  const bounds = { lt: bound('lt'), gt: bound('gt'), gte: bound('gte'), lte: bound('lte') };
  return { kind: 'range', key, range: present(bounds) };
}
