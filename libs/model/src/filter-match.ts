// Whether a point matches a filter. The one definition of the filter language: an index may narrow the candidates, but
// what it answers must agree with this.
//
// A value condition holds for an array where it holds for any of its elements; arrays in arrays are not flattened.
// Integers compare as integers: a bigint never equals a double.

import type { Condition, Filter, FilterSubject, MatchValue } from './filter.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { ownValue, parseJsonPath, valuesAt } from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';

export type FilterPredicate = (subject: FilterSubject) => boolean;

/** Throws a JsonPathError on a key that is no path. */
export function matchesFilter(filter: Filter, subject: FilterSubject): boolean {
  return compileFilter(filter)(subject);
}

/** A predicate for many subjects: paths are parsed and sets built once. Throws a JsonPathError on a key that is no path. */
export function compileFilter(filter: Filter): FilterPredicate {
  const must = (filter.must ?? []).map(compileCondition);
  const should = (filter.should ?? []).map(compileCondition);
  const mustNot = (filter.mustNot ?? []).map(compileCondition);
  const [only] = must;
  if (must.length === 1 && only !== undefined && should.length === 0 && mustNot.length === 0) {
    return only;
  }
  return (subject) => {
    for (const holds of must) if (!holds(subject)) return false;
    for (const holds of mustNot) if (holds(subject)) return false;
    return should.length === 0 || should.some((holds) => holds(subject));
  };
}

function compileCondition(condition: Condition): FilterPredicate {
  switch (condition.kind) {
    case 'match': {
      const expected = canonical(condition.value);
      return anyValue(condition.key, (value) => value === expected);
    }
    case 'matchAny': {
      const accepted = new Set<JsonValue>(condition.any.map(canonical));
      return anyValue(condition.key, (value) => accepted.has(value));
    }
    case 'matchExcept': {
      const refused = new Set<JsonValue>(condition.except.map(canonical));
      return anyValue(condition.key, (value) => value !== null && !refused.has(value));
    }
    case 'range': {
      const { lt = Infinity, gt = -Infinity, lte = Infinity, gte = -Infinity } = condition.range;
      const isBelow = condition.range.lt !== undefined;
      const isAbove = condition.range.gt !== undefined;
      return anyValue(condition.key, (value) => {
        if (typeof value !== 'number' && typeof value !== 'bigint') return false;
        const number = Number(value);
        if ((isBelow && number >= lt) || (isAbove && number <= gt)) return false;
        return number <= lte && number >= gte;
      });
    }
    case 'isEmpty': {
      const values = valuesOf(condition.key);
      return ({ payload }) => values(payload).every(isEmpty);
    }
    case 'isNull': {
      const values = valuesOf(condition.key);
      return ({ payload }) => values(payload).some((value) => anyElement(value, isNull));
    }
    case 'hasId': {
      const ids = new Set(condition.ids);
      return ({ id }) => ids.has(id);
    }
    case 'nested':
      return compileNested(condition.key, condition.filter);
    case 'filter':
      return compileFilter(condition.filter);
  }
}

/** One element of the array must hold the whole inner filter; elements that are no objects hold none. */
function compileNested(key: string, filter: Filter): FilterPredicate {
  const values = valuesOf(key.endsWith('[]') ? key : `${key}[]`);
  const holds = compileFilter(filter);
  return ({ id, payload }) =>
    values(payload).some((element) => isJsonObject(element) && holds({ id, payload: element }));
}

function anyValue(key: string, test: (value: JsonValue) => boolean): FilterPredicate {
  const path = parseJsonPath(key);
  const [first] = path;
  if (path.length === 1 && first?.kind === 'key') {
    const name = first.key;
    return ({ payload }) => {
      const value = ownValue(payload, name);
      return value !== undefined && anyElement(value, test);
    };
  }
  return ({ payload }) => valuesAt(payload, path).some((value) => anyElement(value, test));
}

function anyElement(value: JsonValue, test: (value: JsonValue) => boolean): boolean {
  return Array.isArray(value) ? value.some(test) : test(value);
}

function valuesOf(key: string): (payload: JsonObject) => JsonValue[] {
  const path = parseJsonPath(key);
  return (payload) => valuesAt(payload, path);
}

function isEmpty(value: JsonValue): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function isNull(value: JsonValue): boolean {
  return value === null;
}

/** The form `parseJson` gives an integer: a number where it is exact as one. */
function canonical(value: MatchValue): MatchValue {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
