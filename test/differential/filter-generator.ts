// Filters of every kind of condition, nested.

import type { Random } from '@tributary/runtime';
import { isObject, type Json, type JsonObject, kindOf } from './case.ts';
import { between, chance, fraction, pick, some, times } from './choices.ts';
import type { Oracle, Space } from './collection-generator.ts';
import { cornerCondition, emptyClause } from './corner-filters.ts';
import { COLOURS, DATES, makeMixed, WORDS } from './payload-generator.ts';
import { bounds, geo } from './predicates.ts';

export interface FilterScope {
  readonly indexes: ReadonlyMap<string, Json>;
  readonly oracle: Oracle;
  readonly spaces: readonly Space[];
  readonly ids: readonly Json[];
}

type MakeCondition = (random: Random, scope: FilterScope) => JsonObject;

const DEPTH_MAX = 3;
const WORD_FIELDS = ['word', 'tags', 'tags[]', 'tags[0]', 'meta."dotted.key"', 'parts[].labels[]'];
const INTEGER_FIELDS = ['count', 'counts', 'counts[1]', 'meta.inner.level', 'meta.list[].n'];
const EMPTIABLE_FIELDS = ['maybe', 'tags', 'count', 'meta.inner.level', 'parts', 'nowhere'];

const CONDITIONS: readonly MakeCondition[] = [
  (random) => ({ key: pick(random, WORD_FIELDS), match: { value: pick(random, WORDS) } }),
  (random) => ({ key: pick(random, INTEGER_FIELDS), match: { value: between(random, -1, 7) } }),
  (random) => ({ key: 'flag', match: { value: chance(random, 0.5) } }),
  (random) => ({ key: 'mixed', match: { value: pickMatchable(random) } }),
  (random) => ({ key: pick(random, WORD_FIELDS), match: anyOrExcept(random, WORDS) }),
  (random) => ({ key: pick(random, INTEGER_FIELDS), match: anyOrExcept(random, [0, 1, 2, 5, 9]) }),
  (random) => ({ key: 'mixed', match: anyOrExcept(random, WORDS) }),
  (random) => ({ key: 'text', match: { text: pick(random, [...WORDS, 'zz']) } }),
  (random) => ({ key: 'text', match: { text_any: some(random, WORDS, 2).join(' ') } }),
  (random) => ({ key: pick(random, INTEGER_FIELDS), range: numbers(random, -3, 9) }),
  (random) => ({ key: 'price', range: numbers(random, -20, 80) }),
  (random) => ({ key: 'when', range: dates(random) }),
  (random) => ({ key: 'since', range: dates(random) }),
  (random, { oracle, indexes }) => {
    const key = pick(random, ['place', 'places']);
    return { key, ...geo(random, oracle !== 'edge' || kindOf(indexes.get(key)) !== 'geo') };
  },
  (random) => counted(pick(random, ['tags', 'counts', 'maybe', 'holes']), random),
  (random) => ({ is_empty: { key: pick(random, EMPTIABLE_FIELDS) } }),
  (random) => ({ is_null: { key: pick(random, EMPTIABLE_FIELDS) } }),
  (random, { ids }) => ({ has_id: some(random, [...ids, 100_001], between(random, 1, 9)) }),
  (random, { spaces }) => ({ has_vector: pick(random, spaces).name }),
  (random) => ({ nested: { key: 'parts', filter: partFilter(random) } }),
];

/** One to three conditions in one to three clauses; deeper ones are rarer. */
export function makeFilter(random: Random, scope: FilterScope, depth = 1): JsonObject {
  const conditions = (most: number) =>
    times(between(random, 1, most), () => makeCondition(random, scope, depth));
  const clauses = some(
    random,
    ['must', 'should', 'must_not', 'min_should'],
    pick(random, [1, 1, 2]),
  );
  return Object.fromEntries(
    clauses.map((clause) => [
      clause,
      clause === 'min_should'
        ? { conditions: conditions(3), min_count: between(random, 1, 2) }
        : oneOrList(random, conditions(clause === 'should' ? 3 : 2)),
    ]),
  );
}

export function makeCondition(random: Random, scope: FilterScope, depth = DEPTH_MAX): JsonObject {
  if (depth < DEPTH_MAX && chance(random, 0.15)) return makeFilter(random, scope, depth + 1);
  if (scope.oracle === 'edge') {
    if (chance(random, 0.02)) return emptyClause(random);
    if (chance(random, 0.6)) return cornerCondition(random, scope.indexes);
  }
  for (;;) {
    const condition = pick(random, CONDITIONS)(random, scope);
    if (scope.oracle !== 'edge' || !isOfBoolean(condition)) return condition;
  }
}

/** Its Python binding takes a boolean for an integer. */
function isOfBoolean({ match }: JsonObject): boolean {
  return isObject(match) && typeof match.value === 'boolean';
}

function oneOrList(random: Random, conditions: readonly JsonObject[]): Json {
  const [only] = conditions;
  return only !== undefined && conditions.length === 1 && chance(random, 0.5) ? only : conditions;
}

function pickMatchable(random: Random): Json {
  const value = makeMixed(random);
  return typeof value === 'number' && !Number.isInteger(value) ? 3 : value;
}

function anyOrExcept(random: Random, values: readonly Json[]): JsonObject {
  const chosen = some(random, values, between(random, 1, 3));
  return chance(random, 0.6) ? { any: chosen } : { except: chosen };
}

function numbers(random: Random, least: number, most: number): JsonObject {
  const bound = () =>
    chance(random, 0.5) ? between(random, least, most) : fraction(random, least, most);
  return bounds(random, bound);
}

function dates(random: Random): JsonObject {
  return bounds(random, () => pick(random, DATES));
}

/** Only of what is there: see README.md. */
function counted(key: string, random: Random): JsonObject {
  const count = bounds(random, () => between(random, 0, 3));
  return { must: [{ key, values_count: count }], must_not: [{ is_empty: { key } }] };
}

function partFilter(random: Random): JsonObject {
  const size = { key: 'size', range: numbers(random, 0, 6) };
  const colour = { key: 'colour', match: { value: pick(random, COLOURS) } };
  const label = { key: 'labels', match: { any: some(random, WORDS, 2) } };
  return pick<JsonObject>(random, [
    { must: [size, colour] },
    { must: [colour], must_not: [label] },
    { should: [label, { must: [size, colour] }] },
    { must: [{ is_empty: { key: 'labels' } }, colour] },
  ]);
}
