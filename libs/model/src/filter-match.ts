// Whether a point matches a filter. The one definition of the filter language: an index may narrow the candidates, but
// what it answers must agree with this.
//
// A value condition holds for an array where it holds for any of its elements; arrays in arrays are not flattened.
// Numbers compare exactly, whatever their kind.

import type { Condition, Filter, FilterSubject } from './filter.ts';
import { sliceOfId } from './id-slice.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { canonicalJsonPath, indexedPath, ownValue, parseJsonPath, valuesAt } from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';
import type { FieldIndex, FieldIndexType, PayloadSchema } from './payload-schema.ts';
import { compileRange, compileValueTest } from './value-test.ts';

const MEANINGFUL: ReadonlySet<FieldIndexType> = new Set(['text', 'integer']);

export type FilterPredicate = (subject: FilterSubject) => boolean;

export interface FilterOptions {
  /** By the canonical path of their field, those that change what a condition means: see `compileValueTest`. */
  readonly indexes?: ReadonlyMap<string, FieldIndex>;
}

/** What `prefix` is put before the keys of a nested filter, so that they name their field from the payload's root. */
interface Scope extends FilterOptions {
  readonly prefix: string;
}

/** The indexes of a schema that change what a condition means. */
export function meaningfulIndexesOf(schema: PayloadSchema): ReadonlyMap<string, FieldIndex> {
  const indexes = new Map<string, FieldIndex>();
  for (const [field, index] of Object.entries(schema)) {
    if (MEANINGFUL.has(index.type)) indexes.set(canonicalJsonPath(field), index);
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

/** A predicate for many subjects: paths are parsed and sets built once. Throws a JsonPathError on a key that is no path. */
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
  const atLeast = (filter.minShould?.conditions ?? []).map(compile);
  const minCount = filter.minShould?.minCount ?? 0;
  const [only] = must;
  if (
    must.length === 1 &&
    only !== undefined &&
    should.length + mustNot.length + atLeast.length === 0
  ) {
    return only;
  }
  return (subject) => {
    for (const holds of must) if (!holds(subject)) return false;
    for (const holds of mustNot) if (holds(subject)) return false;
    if (should.length > 0 && !should.some((holds) => holds(subject))) return false;
    return atLeast.length === 0 || holdAtLeast(atLeast, minCount, subject);
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
    default: {
      const index = indexAt(condition.key, scope);
      return anyValue(condition.key, compileValueTest(condition, index));
    }
  }
}

function indexAt(key: string, { indexes, prefix }: Scope): FieldIndex | undefined {
  if (indexes === undefined || indexes.size === 0) return undefined;
  const path = indexedPath(prefix + key);
  return path === undefined ? undefined : indexes.get(path);
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

function isEmpty(value: JsonValue): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function isNull(value: JsonValue): boolean {
  return value === null;
}
