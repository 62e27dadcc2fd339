// Whether a point matches a filter. The one definition of the filter language: an index may narrow the candidates, but
// what it answers must agree with this.
//
// A value condition holds for an array where it holds for any of its elements; arrays in arrays are not flattened.
// Numbers of all kinds compare exactly.

import type { Condition, Filter, FilterSubject } from './filter.ts';
import { sliceOfId } from './id-slice.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { canonicalJsonPath, indexedPath, ownValue, parseJsonPath, valuesAt } from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';
import type { FieldIndex, FieldIndexType, PayloadSchema } from './payload-schema.ts';
import {
  compileRange,
  compileValueTest,
  compileWordsTest,
  type ValueCondition,
} from './value-test.ts';

const MEANINGFUL: ReadonlySet<FieldIndexType> = new Set(['text', 'integer', 'uuid']);

export type FilterPredicate = (subject: FilterSubject) => boolean;

/** Indexes by the canonical path of their field. */
export type MeaningfulIndexes = ReadonlyMap<string, FieldIndex>;

export interface FilterOptions {
  /** Those that change what a condition means. */
  readonly indexes?: MeaningfulIndexes;
}

/** What `prefix` is put before the keys of a nested filter, so that they name their field from the payload's root. */
interface Scope extends FilterOptions {
  readonly prefix: string;
}

/**
 * The indexes of a schema that change what a filter means: by the type, see `compileValueTest`; to a nested one each
 * object of its array is an entry of its own, of which a single one must meet a condition.
 */
export function meaningfulIndexesOf(schema: PayloadSchema): MeaningfulIndexes {
  const indexes = new Map<string, FieldIndex>();
  for (const [field, index] of Object.entries(schema)) {
    const isMeaningful = MEANINGFUL.has(index.type) || index.nested !== undefined;
    if (isMeaningful) indexes.set(canonicalJsonPath(field), index);
  }
  return indexes;
}

/** Throws a JsonPathError on a key that is no path. */
export function matchesFilter(
  filter: Filter,
  subject: FilterSubject,
  options?: FilterOptions,
): boolean {
  return compileFilter(filter, options)(subject);
}

/**
 * A predicate for many subjects: paths are parsed and sets built once. Throws a JsonPathError on a key that is no path.
 */
export function compileFilter(filter: Filter, options: FilterOptions = {}): FilterPredicate {
  return compileClauses(filter, { ...options, prefix: '' });
}

/** The path of what `nested` looks at one by one. */
export function elementsPath(key: string): string {
  return key.endsWith('[]') ? key : `${key}[]`;
}

/** What `values_count` counts at a value. */
export function valuesCountOf(value: JsonValue): number {
  if (Array.isArray(value)) return value.length;
  return value === null ? 0 : 1;
}

function compileClauses(filter: Filter, scope: Scope): FilterPredicate {
  const compile = (condition: Condition) => compileCondition(condition, scope);
  const must = (filter.must ?? []).map(compile);
  const should = (filter.should ?? []).map(compile);
  const mustNot = (filter.mustNot ?? []).map(compile);
  const { conditions = [], minCount = 0 } = filter.minShould ?? {};
  const atLeast = conditions.map(compile);
  const [only] = must;
  if (must.length === 1 && only !== undefined && should.length + mustNot.length + minCount === 0) {
    return only;
  }
  return (subject) => {
    for (const holds of must) if (!holds(subject)) return false;
    for (const holds of mustNot) if (holds(subject)) return false;
    if (should.length > 0 && !should.some((holds) => holds(subject))) return false;
    return minCount === 0 || holdAtLeast(atLeast, minCount, subject);
  };
}

function holdAtLeast(
  conditions: readonly FilterPredicate[],
  minCount: number,
  subject: FilterSubject,
): boolean {
  let missing = minCount;
  for (const holds of conditions) {
    if (missing <= 0) return true;
    if (holds(subject)) missing--;
  }
  return missing <= 0;
}

function compileCondition(condition: Condition, scope: Scope): FilterPredicate {
  switch (condition.kind) {
    case 'valuesCount': {
      const values = valuesOf(condition.key);
      const isWithin = compileRange(condition.range);
      return ({ payload }) => {
        const found = values(payload);
        return found.length === 0
          ? isWithin(0)
          : found.some((value) => isWithin(valuesCountOf(value)));
      };
    }
    case 'isEmpty': {
      const nested = nestedEntriesAt(condition.key, scope);
      if (nested !== undefined) {
        const { entriesOf, values } = nested;
        return ({ payload }) =>
          entriesOf(payload).some((entry) => values(entry).every(isEmptyValue));
      }
      const values = valuesOf(condition.key);
      return ({ payload }) => values(payload).every(isEmptyValue);
    }
    case 'isNull': {
      const values = valuesOf(condition.key);
      return ({ payload }) => values(payload).some((value) => anyElement(value, isNull));
    }
    case 'hasId': {
      const ids = new Set(condition.ids);
      return ({ id }) => ids.has(id);
    }
    case 'hasVector':
      return ({ vectorNames }) => vectorNames?.includes(condition.name) ?? false;
    case 'version': {
      const isWithin = compileRange(condition.range);
      return ({ version }) => version !== undefined && isWithin(version);
    }
    case 'slice':
      return ({ id }) => sliceOfId(id, condition.total) === condition.index;
    case 'nested':
      return compileNested(condition.key, condition.filter, scope);
    case 'filter':
      return compileClauses(condition.filter, scope);
    default:
      return compileValues(condition, scope);
  }
}

function compileValues(condition: ValueCondition, scope: Scope): FilterPredicate {
  const index = indexAt(condition.key, scope)?.index;
  if (condition.kind !== 'matchText' || index?.type !== 'text') {
    return anyValue(condition.key, compileValueTest(condition, index));
  }
  const holds = compileWordsTest(condition.text, index);
  const nested = nestedEntriesAt(condition.key, scope);
  if (nested === undefined) {
    const values = valuesOf(condition.key);
    return ({ payload }) => holds(elementsOf(values(payload)));
  }
  const { entriesOf, values } = nested;
  return ({ payload }) => entriesOf(payload).some((entry) => holds(elementsOf(values(entry))));
}

/** The index at a key that changes what a condition means, and its canonical path. */
function indexAt(key: string, { indexes, prefix }: Scope) {
  if (indexes === undefined || indexes.size === 0) return undefined;
  const path = indexedPath(prefix + key);
  const index = path === undefined ? undefined : indexes.get(path);
  return path === undefined || index === undefined ? undefined : { path, index };
}

export interface NestedEntries {
  readonly entriesOf: (payload: JsonObject) => readonly JsonObject[];
  /** The values of the field in one of them. */
  readonly values: (entry: JsonObject) => JsonValue[];
}

/** The entries of a nested index; undefined without one, and in a nested filter, which goes into the array itself. */
function nestedEntriesAt(key: string, scope: Scope): NestedEntries | undefined {
  const at = indexAt(key, scope);
  if (at?.index.nested === undefined || scope.prefix !== '') return undefined;
  return nestedEntries(at.path, at.index.nested);
}

/** Of an index over the field whose canonical path is given, nested in the array. */
export function nestedEntries(field: string, nested: string): NestedEntries {
  const array = elementsPath(nested);
  const elements = valuesOf(array);
  return {
    entriesOf: (payload) => elements(payload).filter(isJsonObject),
    values: valuesOf(field.slice(array.length + 1)),
  };
}

/** One element of the array must hold the whole inner filter; elements that are no objects hold none. */
function compileNested(key: string, filter: Filter, scope: Scope): FilterPredicate {
  const path = elementsPath(key);
  const values = valuesOf(path);
  const holds = compileClauses(filter, { ...scope, prefix: `${scope.prefix}${path}.` });
  return (subject) =>
    values(subject.payload).some(
      (element) => isJsonObject(element) && holds({ ...subject, payload: element }),
    );
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

/** What arrays among the values have in them, and the other values. */
export function elementsOf(values: readonly JsonValue[]): JsonValue[] {
  const elements: JsonValue[] = [];
  for (const value of values) {
    // One at a time: a call takes only so many arguments.
    if (Array.isArray(value)) for (const element of value) elements.push(element);
    else elements.push(value);
  }
  return elements;
}

/** What `isEmpty` takes for nothing. */
export function isEmptyValue(value: JsonValue): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function isNull(value: JsonValue): boolean {
  return value === null;
}
