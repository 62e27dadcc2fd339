// Conditions of every kind over every field, whatever is in it.

import type { Random } from '@tributary/runtime';
import { isObject, type Json, type JsonObject, kindOf } from './case.ts';
import { between, chance, pick, some, times } from './choices.ts';
import { bigInteger, MOMENTS, number, ODD_KEYS, SENTENCES, UUIDS } from './corner-values.ts';
import { COLOURS, WORDS } from './payload-generator.ts';
import { bounds, geo } from './predicates.ts';

/** Every field, by its own path and by those into it. */
const PATHS = [
  ...['word', 'tags', 'tags[]', 'tags[0]', 'count', 'counts', 'counts[]', 'counts[1]', 'price'],
  ...['flag', 'when', 'since', 'place', 'places', 'places[]', 'text', 'mixed', 'holes', 'maybe'],
  ...['meta', 'meta.inner', 'meta.inner.level', 'meta."dotted.key"', 'meta.list[].n', 'meta.list'],
  ...['parts', 'parts[]', 'parts[].size', 'parts[].labels', 'parts[].labels[]', 'parts.size'],
  ...['big', 'big[]', 'uid', 'uid[]', 'prose', 'prose[]', 'moment', 'ratio', 'ratio[]', 'deep'],
  ...['deep[]', 'deep[][]', 'deep[0]', 'offers[].price', 'offers[].colour', 'nowhere'],
  ...ODD_KEYS.map(([, path]) => path),
];
const STRINGS = [
  'word',
  'tags',
  'uid',
  'prose',
  'mixed',
  'moment',
  'text',
  'big',
  'offers[].colour',
];
const NUMERIC = new Set(['integer', 'float']);
const NUMBERS = ['count', 'counts', 'price', 'ratio', 'mixed', 'big', 'meta.inner.level', 'holes'];

export function cornerCondition(random: Random, indexes: ReadonlyMap<string, Json>): JsonObject {
  const path = (usual: readonly string[]) => pick(random, chance(random, 0.7) ? usual : PATHS);
  const kindAt = (key: string) => kindOf(indexes.get(key));
  /** Of the bounds that the index of this path takes for what they are. */
  const ranged = (key: string, usual: 'moment' | 'number') => {
    const kind = kindAt(key);
    const isMoment = kind === 'datetime' || (usual === 'moment' && !NUMERIC.has(kind));
    return { key, range: bounds(random, () => (isMoment ? pick(random, PARSED) : number(random))) };
  };
  const makers: readonly (() => JsonObject)[] = [
    () => ({ key: path(STRINGS), match: { value: string(random) } }),
    () => ({ key: path(NUMBERS), match: { value: integer(random) } }),
    () => ({ key: path(STRINGS), match: oneOf(random, () => string(random)) }),
    () => ({ key: path(NUMBERS), match: oneOf(random, () => integer(random)) }),
    () => ranged(path(NUMBERS), 'number'),
    () => ranged(path(['moment', 'when', 'since']), 'moment'),
    () => {
      const key = path(['prose', 'text', 'word']);
      return { key, match: words(random, findsPhrases(indexes.get(key))) };
    },
    () => {
      const key = path(['place', 'places']);
      return { key, ...geo(random, kindAt(key) !== 'geo') };
    },
    () => ({
      key: path(['tags', 'holes', 'maybe']),
      values_count: bounds(random, () => between(random, 0, 3)),
    }),
    () => ({ key: path(STRINGS), match: part(random) }),
    () => slice(random),
    () => ({ is_empty: { key: pick(random, PATHS) } }),
    () => ({ is_null: { key: pick(random, PATHS) } }),
    () => ({
      nested: {
        key: pick(random, ['parts', 'offers', 'offers[]', 'meta.list']),
        filter: inner(random),
      },
    }),
    () =>
      several(
        random,
        PATHS.filter((key) => !indexes.has(key) && !key.includes('[]')),
      ),
  ];
  return pick(random, makers)();
}

/** Clauses that say nothing. */
export function emptyClause(random: Random): JsonObject {
  return pick<JsonObject>(random, [
    { must: [] },
    { should: [] },
    { must_not: [] },
    { must: [], should: [], must_not: [] },
    { min_should: { conditions: [], min_count: 1 } },
  ]);
}

function string(random: Random): Json {
  return pick(random, [...WORDS, ...COLOURS, ...UUIDS, ...SENTENCES, 'Amber', '3', '2024-02-29']);
}

function integer(random: Random): Json {
  return chance(random, 0.7) ? between(random, -3, 9) : bigInteger(random);
}

const PARSED = MOMENTS.slice(0, 13).filter((each) => each !== '0001-01-01');

function oneOf(random: Random, make: () => Json): JsonObject {
  const values = times(between(random, chance(random, 0.1) ? 0 : 1, 3), make);
  return chance(random, 0.6) ? { any: values } : { except: values };
}

/** A text index finds none that was not made for phrases. */
function findsPhrases(schema: Json | undefined): boolean {
  return kindOf(schema) !== 'text' || (isObject(schema) && schema.phrase_matching === true);
}

function words(random: Random, hasPhrases: boolean): JsonObject {
  const asked = pick(random, [
    ...['amber', 'Amber', 'BIRCH cedar', 'the', 'the amber', 'café', 'cafe', 'ember', 'arzte'],
    ...['', ' ', 'birch,cedar', 'gro', 'amber fjord', 'grove ember', 'the_grove', 'don’t', 'zz'],
  ]);
  const kinds = ['text', 'text_any', ...(hasPhrases ? ['phrase'] : [])];
  return { [pick(random, kinds)]: asked };
}

/** Of values by their bytes. */
function part(random: Random): JsonObject {
  const text = pick(random, [
    'am',
    'Am',
    'r',
    'é',
    'amber',
    '0f8f',
    '2024',
    '',
    'gro',
    ' ',
    '’',
    'ber b',
  ]);
  return { [pick(random, ['prefix', 'substring'])]: text };
}

/** The points of one part in so many. */
function slice(random: Random): JsonObject {
  const total = between(random, 1, 4);
  return { slice: { total, index: between(random, 0, total - 1) } };
}

/** More than one predicate of a field. */
function several(random: Random, paths: readonly string[]): JsonObject {
  const predicates = {
    match: { value: between(random, 0, 4) },
    range: bounds(random, () => between(random, 0, 6)),
    values_count: bounds(random, () => between(random, 0, 3)),
    is_empty: chance(random, 0.5),
    is_null: chance(random, 0.5),
  };
  const chosen = some(random, Object.entries(predicates), chance(random, 0.6) ? 1 : 2);
  return { key: pick(random, paths), ...Object.fromEntries(chosen) };
}

function inner(random: Random): JsonObject {
  const conditions: JsonObject[] = [
    {
      key: pick(random, ['price', 'size', 'n']),
      range: bounds(random, () => between(random, 0, 6)),
    },
    { key: 'colour', match: { value: pick(random, COLOURS) } },
    { key: 'labels', match: { any: some(random, WORDS, 2) } },
    { is_empty: { key: pick(random, ['labels', 'price', 'colour']) } },
    { key: 'colour', match: { except: [pick(random, COLOURS)] } },
  ];
  return { [pick(random, ['must', 'should', 'must_not'])]: some(random, conditions, 2) };
}
