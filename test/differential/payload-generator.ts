// Payloads. A field keeps to one type, but for `mixed` and `holes`; see README.md for what that is for.

import type { Random } from '@tributary/runtime';
import type { Json, JsonObject } from './case.ts';
import { between, chance, fraction, pick, some, times } from './choices.ts';

export const WORDS = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove'];
export const COLOURS = ['red', 'green', 'blue'];
export const DATES = [
  '2024-02-29',
  '2024-02-29T23:59:59Z',
  '2024-03-01 00:00:00',
  '2024-03-01T02:30:00+02:30',
  '2024-06-15 12:30',
  '2024-06-15T12:30:00.000001Z',
  '2024-12-31T23:59:59.999999',
  '1999-12-31T23:00:00-01:00',
  '2031-01-01',
];
export function makePayload(random: Random): JsonObject {
  const fields: Record<string, Json> = {};
  const add = (name: string, probability: number, make: () => Json) => {
    if (chance(random, probability)) fields[name] = make();
  };
  add('word', 0.8, () => pick(random, WORDS));
  add('tags', 0.8, () => some(random, WORDS, between(random, 0, 3)));
  add('count', 0.8, () => between(random, -5, 12));
  add('counts', 0.6, () => times(between(random, 0, 4), () => between(random, 0, 9)));
  add('price', 0.8, () => fraction(random, -20, 80));
  add('flag', 0.7, () => chance(random, 0.5));
  add('when', 0.8, () =>
    chance(random, 0.2) ? some(random, DATES, 2) : pick(random, [...DATES, 'soon']),
  );
  add('since', 0.8, () => pick(random, DATES));
  add('place', 0.8, () => makePlace(random));
  add('places', 0.4, () => times(between(random, 0, 3), () => makePlace(random)));
  add('text', 0.7, () => some(random, WORDS, between(random, 1, 5)).join(' '));
  add('mixed', 0.7, () => makeMixed(random));
  add('holes', 0.4, () => times(between(random, 0, 3), () => pick(random, [null, 3, 7])));
  add('maybe', 0.6, () => pick<Json>(random, [null, [], 'amber', ['cedar']]));
  add('meta', 0.7, () => makeMeta(random));
  add('parts', 0.7, () => times(between(random, 0, 3), () => makePart(random)));
  return fields;
}

export function makePlace(random: Random): JsonObject {
  return { lon: fraction(random, -179, 179), lat: fraction(random, -85, 85) };
}

/** No 0 and no 1: Python takes them for booleans. */
export function makeMixed(random: Random): Json {
  const word = pick(random, WORDS);
  return pick<Json>(random, [word, between(random, 2, 6), fraction(random, 2, 6), true, false]);
}

export function makeMeta(random: Random): JsonObject {
  return {
    ...(chance(random, 0.8) && { inner: { level: between(random, 0, 6) } }),
    ...(chance(random, 0.6) && { 'dotted.key': pick(random, WORDS) }),
    ...(chance(random, 0.6) && { list: times(2, () => ({ n: between(random, 0, 4) })) }),
  };
}

function makePart(random: Random): JsonObject {
  return {
    ...(chance(random, 0.9) && { size: between(random, 0, 6) }),
    ...(chance(random, 0.9) && { colour: pick(random, COLOURS) }),
    ...(chance(random, 0.6) && { labels: some(random, WORDS, between(random, 0, 2)) }),
  };
}
