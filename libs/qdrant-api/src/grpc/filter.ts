// Filters of protobuf requests to the model's filter.

import type { Condition, Filter, MatchValue } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import type {
  Condition as ConditionMessage,
  FieldCondition,
  Filter as FilterMessage,
  Match,
} from '../gen/qdrant_common.ts';
import { anyOf, expecting } from '../requests/filter.ts';
import { present, readPath } from '../requests/json-reader.ts';
import { refuseKeys } from '../unsupported.ts';
import { readPointIds } from './ids.ts';

export function readFilter(message: FilterMessage, path: string): Filter {
  return filterOf(message, path, false);
}

function filterOf(message: FilterMessage, path: string, nested: boolean): Filter {
  refuseKeys(message, { minShould: 'minShould' });
  const clause = (conditions: readonly ConditionMessage[], name: string) =>
    conditions.length === 0
      ? undefined
      : conditions.map((each, i) => conditionOf(each, `${path}.${name}[${i}]`, nested));
  return present<Filter>({
    must: clause(message.must, 'must'),
    should: clause(message.should, 'should'),
    mustNot: clause(message.mustNot, 'must_not'),
  });
}

function conditionOf(message: ConditionMessage, path: string, nested: boolean): Condition {
  refuseKeys(message, { hasVector: 'hasVector' });
  if (message.field !== undefined) return fieldCondition(message.field, path);
  if (message.isEmpty !== undefined) {
    return { kind: 'isEmpty', key: readPath(message.isEmpty.key, `${path}.key`) };
  }
  if (message.isNull !== undefined) {
    return { kind: 'isNull', key: readPath(message.isNull.key, `${path}.key`) };
  }
  if (message.hasId !== undefined) {
    if (nested) {
      throw validationError(`${path}.has_id`, 'has_id is not allowed inside a nested condition');
    }
    return { kind: 'hasId', ids: readPointIds(message.hasId.hasId, `${path}.has_id`) };
  }
  if (message.nested !== undefined) {
    const key = readPath(message.nested.key, `${path}.nested.key`);
    if (message.nested.filter === undefined) throw formatError(`${path}.nested: expected a filter`);
    return { kind: 'nested', key, filter: filterOf(message.nested.filter, path, true) };
  }
  if (message.filter !== undefined) {
    return { kind: 'filter', filter: filterOf(message.filter, path, nested) };
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
  if (range !== undefined) {
    const { lt, gt, gte, lte } = range;
    if ([lt, gt, gte, lte].some(Number.isNaN)) throw formatError(`${path}.range: not a number`);
    conditions.push({ kind: 'range', key, range: present({ lt, gt, gte, lte }) });
  }
  return anyOf(conditions, path);
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
