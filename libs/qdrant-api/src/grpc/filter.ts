// Filters of protobuf requests to the model's filter.

import type { Condition, Filter, MatchValue, RangeBounds } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import type {
  Condition as ConditionMessage,
  FieldCondition,
  Filter as FilterMessage,
  Match,
  Range,
} from '../gen/qdrant_common.ts';
import { anyOf, checkFilterDepth, expecting } from '../requests/filter.ts';
import { present, readPath } from '../requests/json-reader.ts';
import { refuseKeys } from '../unsupported.ts';
import { readPointIds } from './ids.ts';

export function readFilter(message: FilterMessage, path: string): Filter {
  return filterOf(message, path, { depth: 0, nested: false });
}

interface Place {
  readonly depth: number;
  /** Inside a `nested` condition. */
  readonly nested: boolean;
}

function filterOf(message: FilterMessage, path: string, place: Place): Filter {
  refuseKeys(message, { minShould: 'minShould' });
  checkFilterDepth(place.depth, path);
  const clause = (conditions: readonly ConditionMessage[], name: string) =>
    conditions.length === 0
      ? undefined
      : conditions.map((each, i) => conditionOf(each, `${path}.${name}[${i}]`, place));
  return present<Filter>({
    must: clause(message.must, 'must'),
    should: clause(message.should, 'should'),
    mustNot: clause(message.mustNot, 'must_not'),
  });
}

function conditionOf(message: ConditionMessage, path: string, place: Place): Condition {
  refuseKeys(message, { hasVector: 'hasVector' });
  if (message.field !== undefined) return fieldCondition(message.field, path);
  if (message.isEmpty !== undefined) {
    return { kind: 'isEmpty', key: readPath(message.isEmpty.key, `${path}.key`) };
  }
  if (message.isNull !== undefined) {
    return { kind: 'isNull', key: readPath(message.isNull.key, `${path}.key`) };
  }
  if (message.hasId !== undefined) {
    if (place.nested) {
      throw validationError(`${path}.has_id`, 'has_id is not allowed inside a nested condition');
    }
    return { kind: 'hasId', ids: readPointIds(message.hasId.hasId, `${path}.has_id`) };
  }
  if (message.nested !== undefined) {
    const key = readPath(message.nested.key, `${path}.nested.key`);
    if (message.nested.filter === undefined) throw formatError(`${path}.nested: expected a filter`);
    const within = { depth: place.depth + 1, nested: true };
    return { kind: 'nested', key, filter: filterOf(message.nested.filter, path, within) };
  }
  if (message.filter !== undefined) {
    const within = { ...place, depth: place.depth + 1 };
    return { kind: 'filter', filter: filterOf(message.filter, path, within) };
  }
  throw formatError(`${path}: expected some form of condition`);
}

function fieldCondition(message: FieldCondition, path: string): Condition {
  const key = readPath(message.key, `${path}.key`);
  refuseKeys(message, {
    geoBoundingBox: 'geo',
    geoRadius: 'geo',
    geoPolygon: 'geo',
    valuesCount: 'valuesCount',
    datetimeRange: 'datetimeRange',
  });
  const { isEmpty, isNull, match, range } = message;
  if (isEmpty !== undefined) return expecting(isEmpty, { kind: 'isEmpty', key });
  if (isNull !== undefined) return expecting(isNull, { kind: 'isNull', key });
  const conditions: Condition[] = [];
  if (match !== undefined) conditions.push(matchOf(key, match, path));
  if (range !== undefined) conditions.push(rangeOf(key, range, `${path}.range`));
  return anyOf(conditions, path);
}

/** Payloads hold finite numbers only, so beyond the largest of them is as good as infinitely far. */
function rangeOf(key: string, range: Range, path: string): Condition {
  const bound = (value: number | undefined): number | undefined => {
    if (Number.isNaN(value)) throw formatError(`${path}: not a number`);
    if (value === undefined || Number.isFinite(value)) return value;
    return Math.sign(value) * Number.MAX_VALUE;
  };
  const { lt, gt, gte, lte } = range;
  // All are below +∞, and all above -∞.
  const bounds = {
    lt: lt === Infinity ? undefined : bound(lt),
    gt: gt === -Infinity ? undefined : bound(gt),
    gte: bound(gte),
    lte: bound(lte),
  };
  return { kind: 'range', key, range: present<RangeBounds>(bounds) };
}

function matchOf(key: string, match: Match, path: string): Condition {
  refuseKeys(match, { text: 'textMatch', textAny: 'textMatch', phrase: 'textMatch' });
  const { keyword, integer, boolean, keywords, integers, exceptKeywords, exceptIntegers } = match;
  const value = keyword ?? boolean ?? (integer === undefined ? undefined : integerOf(integer));
  if (value !== undefined) return { kind: 'match', key, value };
  const any = keywords?.strings ?? integers?.integers.map(integerOf);
  if (any !== undefined) return { kind: 'matchAny', key, any };
  const except = exceptKeywords?.strings ?? exceptIntegers?.integers.map(integerOf);
  if (except !== undefined) return { kind: 'matchExcept', key, except };
  throw formatError(`${path}.match: expected a value`);
}

function integerOf(value: bigint): MatchValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
