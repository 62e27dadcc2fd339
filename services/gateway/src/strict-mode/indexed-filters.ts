// Which condition of a filter looks at a field without an index that could answer it: what strict mode refuses.

import type { Condition, FieldIndex, Filter, MatchValue, PayloadSchema } from '@tributary/model';
import { canonicalJsonPath, elementsPath, indexedPath } from '@tributary/model';
import { conditionsOf } from './strict-limits.ts';

export interface MissingIndex {
  readonly key: string;
  /** Kinds of index of which one would do, as clients name them. */
  readonly types: readonly string[];
}

type Type = FieldIndex['type'];

const ANY_TYPE: readonly Type[] = [
  'keyword',
  'integer',
  'float',
  'geo',
  'text',
  'bool',
  'datetime',
  'uuid',
];
const UUID = /^(?:urn:uuid:)?\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i;

/** Undefined where every condition has an index. */
export function missingIndexOf(filter: Filter, schema: PayloadSchema): MissingIndex | undefined {
  const indexes = new Map(
    Object.entries(schema).map(([field, index]) => [canonicalJsonPath(field), index]),
  );
  return missingIn(filter, '', (key) => {
    const path = indexedPath(key);
    return path === undefined ? undefined : indexes.get(path);
  });
}

/** What grouping by a field needs, whatever its values: as a filter. */
export function anyValueOf(key: string): Filter {
  return { must: [{ kind: 'matchAny', key, any: [] }] };
}

function missingIn(
  filter: Filter,
  prefix: string,
  find: (key: string) => FieldIndex | undefined,
): MissingIndex | undefined {
  for (const condition of conditionsOf(filter)) {
    if (condition.kind === 'nested') {
      const inner = `${prefix}${elementsPath(condition.key)}.`;
      const missing = missingIn(condition.filter, inner, find);
      if (missing !== undefined) return missing;
      continue;
    }
    if (!('key' in condition)) continue;
    const key = `${prefix}${condition.key}`;
    if (!answers(find(key), condition)) return { key, types: namesOfTypes(condition) };
  }
  return undefined;
}

function answers(index: FieldIndex | undefined, condition: Condition): boolean {
  if (index === undefined || !typesFor(condition).includes(index.type)) return false;
  if (index.type === 'text') return condition.kind !== 'matchPhrase' || index.phraseMatching;
  if (index.type !== 'integer') return true;
  if (condition.kind === 'range') return index.range;
  return !condition.kind.startsWith('match') || index.lookup;
}

function namesOfTypes(condition: Condition): readonly string[] {
  if (condition.kind === 'matchPhrase') return ['text (with phrase_matching: true)'];
  return typesFor(condition);
}

function typesFor(condition: Condition): readonly Type[] {
  switch (condition.kind) {
    case 'match':
      return typesForValue(condition.value);
    case 'matchAny':
      return typesForValue(condition.any[0]);
    case 'matchExcept':
      return typesForValue(condition.except[0]);
    case 'matchPrefix':
      return ['keyword'];
    case 'matchText':
    case 'matchTextAny':
    case 'matchPhrase':
      return ['text'];
    case 'range':
      return ['float', 'integer'];
    case 'datetimeRange':
      return ['datetime'];
    case 'geoBoundingBox':
    case 'geoRadius':
    case 'geoPolygon':
      return ['geo'];
    default:
      return ANY_TYPE;
  }
}

function typesForValue(value: MatchValue | undefined): readonly Type[] {
  switch (typeof value) {
    case 'string':
      return UUID.test(value) ? ['keyword', 'uuid'] : ['keyword'];
    case 'boolean':
      return ['bool'];
    case 'number':
    case 'bigint':
      return ['integer'];
    case 'undefined':
      return ANY_TYPE;
  }
}
