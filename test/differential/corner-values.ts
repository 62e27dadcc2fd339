// Values of every type in every field, and those at the edges of a type: what an engine makes of them shows only where
// it is the engine of the server that is compared.

import type { Random } from '@tributary/runtime';
import type { Json, JsonObject } from './case.ts';
import { between, chance, fraction, pick, some, times } from './choices.ts';
import { exactNumber } from './exact-json.ts';
import { COLOURS, DATES, makePayload, makePlace, WORDS } from './payload-generator.ts';

export const UUIDS = [
  '0f8fad5b-d9cb-469f-a165-70867728950e',
  '0F8FAD5B-D9CB-469F-A165-70867728950E',
  '0f8fad5bd9cb469fa16570867728950e',
  '{0f8fad5b-d9cb-469f-a165-70867728950e}',
  'urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e',
  '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  '7C9E6679742540DE944BE07FC1F90AE7',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
];
export const SENTENCES = [
  'Amber birch, the cedar',
  'the QUICK amber-fjord',
  'ember ember grove',
  'birches and cedars',
  'É café für Ärzte',
  'don’t stop the_grove',
  '  ',
  '',
  'amber',
  'cedar birch amber',
];
export const MOMENTS = [
  ...DATES,
  '2024-06-15T12:30:00.000002Z',
  '2300-01-01T00:00:00.000001Z',
  '2300-01-01T00:00:00.000002Z',
  '1677-01-01T00:00:00Z',
  '0001-01-01',
  '9999-12-31T23:59:59.999999Z',
  '2024-2-8',
  '2024-06-15T12:30:60Z',
  '2024-06-15T12:30:00,5Z',
  '2024-06-15T12:30:00+0230',
  '2024-06-15T12:30:00 +02:30',
  '2024-06-15t12:30:00z',
  '20240615',
  '2024-06-15T12:30',
  '2024-06-15T24:00:00Z',
];
export const BIG = [
  ...['1768900000000000001', '1768900000000000002', '1768900000000000003'],
  ...['9007199254740993', '9007199254740992', '-9007199254740993'],
  ...['9223372036854775807', '9223372036854775806', '-9223372036854775808'],
];
/** Integers that are none of 64 bits, and floats that are whole. */
const OUTSIDE = ['18446744073709551615', '9223372036854775808', '1e19', '42.0', '-0.0', '5.0'];
/** As they stand in a payload, and as a path names them. */
export const ODD_KEYS = [
  ['', '""'],
  ['x y', '"x y"'],
  ['$x', '"$x"'],
  ['a.b', '"a.b"'],
  ['ключ', '"ключ"'],
  ['with-dash', 'with-dash'],
  ['under_score', 'under_score'],
  ['[0]', '"[0]"'],
] as const;

/** Fields with an index keep to its type: see README.md. */
export function makeWildPayload(random: Random, indexed: ReadonlySet<string>): JsonObject {
  const tame = makePayload(random);
  const isWild = (key: string, probability: number) =>
    !indexed.has(key) && chance(random, probability);
  const fields = Object.fromEntries(
    Object.entries(tame).map(([key, value]) => [key, isWild(key, 0.1) ? wild(random) : value]),
  );
  const add = (name: string, probability: number, make: () => Json) => {
    if (chance(random, probability)) fields[name] = isWild(name, 0.08) ? wild(random) : make();
  };
  add('big', 0.7, () => oneOrMore(random, () => bigInteger(random)));
  add('uid', 0.7, () => oneOrMore(random, () => pick(random, UUIDS)));
  add('prose', 0.7, () => oneOrMore(random, () => pick(random, SENTENCES)));
  add('moment', 0.7, () => oneOrMore(random, () => pick(random, MOMENTS)));
  add('ratio', 0.6, () => oneOrMore(random, () => number(random)));
  add('deep', 0.4, () => [[between(random, 0, 4), [between(random, 0, 4)]], pick(random, WORDS)]);
  add('offers', 0.7, () => times(between(random, 0, 3), () => makeOffer(random)));
  if (Array.isArray(fields.counts)) fields.counts = distinct(fields.counts);
  for (const [key] of some(random, ODD_KEYS, 2)) add(key, 0.8, () => pick(random, WORDS));
  return fields;
}

export function wild(random: Random, depth = 2): Json {
  const values: readonly (() => Json)[] = [
    () => null,
    () => chance(random, 0.5),
    () => number(random),
    () => bigInteger(random),
    () => exactNumber(pick(random, OUTSIDE)),
    () => pick(random, [...WORDS, '', '3', 'true', 'Amber', ...SENTENCES]),
    () => pick(random, UUIDS),
    () => pick(random, MOMENTS),
    () => makePlace(random),
    () => [],
    () => ({}),
    () => times(between(random, 1, 3), () => wild(random, depth - 1)),
    () => ({ [pick(random, ['level', 'n', 'x'])]: wild(random, depth - 1) }),
  ];
  return pick(random, depth === 0 ? values.slice(0, 11) : values)();
}

/** Small, and of either kind. */
export function number(random: Random): Json {
  return pick<() => Json>(random, [
    () => between(random, -3, 9),
    () => exactNumber(`${between(random, -3, 9)}.0`),
    () => fraction(random, -3, 9),
  ])();
}

export function bigInteger(random: Random): Json {
  return exactNumber(pick(random, BIG));
}

function oneOrMore(random: Random, make: () => Json): Json {
  return chance(random, 0.75) ? make() : distinct(times(between(random, 0, 3), make));
}

/** Ordered by a value that an array has twice, the engine's page is short: see README.md. */
function distinct(values: readonly Json[]): Json {
  const byText = new Map(values.map((value) => [JSON.stringify(value), value]));
  return [...byText.values()];
}

function makeOffer(random: Random): JsonObject {
  return {
    ...(chance(random, 0.85) && { price: between(random, 0, 6) }),
    ...(chance(random, 0.85) && { colour: pick(random, COLOURS) }),
    ...(chance(random, 0.7) && { title: pick(random, SENTENCES) }),
  };
}
