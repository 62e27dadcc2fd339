// Collections and points. A field keeps to one type, but for `mixed` and `holes`; see README.md for what that is for.

import type { Random } from '@tributary/runtime';
import type { Json, JsonObject } from './case.ts';
import { between, chance, fraction, pick, some, times } from './choices.ts';

export interface DenseSpace {
  readonly kind: 'dense' | 'multi';
  readonly name: string;
  readonly size: number;
  readonly distance: string;
}
export interface SparseSpace {
  readonly kind: 'sparse';
  readonly name: string;
  readonly idf: boolean;
}
export type Space = DenseSpace | SparseSpace;

export interface Collection {
  readonly body: JsonObject;
  readonly spaces: readonly Space[];
  /** Fields with a payload index, and its kind. */
  readonly indexes: ReadonlyMap<string, string>;
}

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
export const SPARSE_SIZE = 24;
const DISTANCES = ['Cosine', 'Dot', 'Euclid', 'Manhattan'];
const INDEXABLE: readonly (readonly [string, string])[] = [
  ['word', 'keyword'],
  ['tags', 'keyword'],
  ['count', 'integer'],
  ['counts', 'integer'],
  ['price', 'float'],
  ['flag', 'bool'],
  ['when', 'datetime'],
  ['place', 'geo'],
  ['meta.inner.level', 'integer'],
  ['mixed', 'keyword'],
];

export function makeCollection(random: Random): Collection {
  const indexes = new Map(some(random, INDEXABLE, between(random, 0, INDEXABLE.length)));
  if (chance(random, 0.35)) {
    const space: DenseSpace = {
      kind: chance(random, 0.2) ? 'multi' : 'dense',
      name: '',
      size: between(random, 2, 9),
      distance: pick(random, DISTANCES),
    };
    const sparse = chance(random, 0.3) ? makeSparse(random, 1) : [];
    const body = { vectors: parameters(space), ...sparseBody(sparse) };
    return { body, spaces: [space, ...sparse], indexes };
  }
  // Of one size they may stand for one another as examples.
  const common = chance(random, 0.5) && between(random, 2, 9);
  const dense: DenseSpace[] = times(between(random, 1, 2), (index) => ({
    kind: 'dense',
    name: `dense-${index}`,
    size: common || between(random, 2, 9),
    distance: pick(random, DISTANCES),
  }));
  const multi: DenseSpace[] = times(pick(random, [0, 0, 0, 1, 1, 2]), (index) => ({
    kind: 'multi',
    name: `multi-${index}`,
    size: 4,
    distance: pick(random, DISTANCES),
  }));
  const sparse = makeSparse(random, pick(random, [0, 0, 1, 1, 2]));
  const entries = [...dense, ...multi].map((space) => [space.name, parameters(space)] as const);
  const body = { vectors: Object.fromEntries(entries), ...sparseBody(sparse) };
  return { body, spaces: [...dense, ...multi, ...sparse], indexes };
}

/** Scans of so few vectors go without codes: what they change is only how much is compared. */
export function makeQuantization(random: Random): JsonObject {
  const scalar = { scalar: { type: 'int8', quantile: 0.95, always_ram: true } };
  const quantization_config = pick<JsonObject>(random, [scalar, { binary: { always_ram: true } }]);
  return chance(random, 0.5) ? { quantization_config } : {};
}

function makeSparse(random: Random, count: number): SparseSpace[] {
  return times(count, (index) => ({
    kind: 'sparse',
    name: `sparse-${index}`,
    idf: chance(random, 0.3),
  }));
}

function sparseBody(spaces: readonly SparseSpace[]): JsonObject {
  if (spaces.length === 0) return {};
  const entries = spaces.map(({ name, idf }) => [name, idf ? { modifier: 'idf' } : {}] as const);
  return { sparse_vectors: Object.fromEntries(entries) };
}

function parameters({ kind, size, distance }: DenseSpace): JsonObject {
  const multivector = kind === 'multi' && { multivector_config: { comparator: 'max_sim' } };
  return { size, distance, ...multivector };
}

/** Numbers are of four times as many as there may be points, so that some come again. */
export function makeId(random: Random, points = 70): number | string {
  if (chance(random, 0.7)) return random.integer(4 * points);
  const digits = random.id();
  const cuts = [0, 8, 12, 16, 20, 32];
  return cuts
    .slice(1)
    .map((end, index) => digits.slice(cuts[index], end))
    .join('-');
}

export function makePoint(random: Random, { spaces }: Collection, id = makeId(random)): JsonObject {
  return { id, vector: makeVectors(random, spaces), payload: makePayload(random) };
}

/** Every vector that has to be there, any of the others. */
export function makeVectors(random: Random, spaces: readonly Space[]): Json {
  const [first] = spaces;
  if (first?.name === '' && spaces.length === 1) return makeVector(random, first);
  const there = spaces.filter((space) => isRequired(space) || chance(random, 0.85));
  return Object.fromEntries(there.map((space) => [space.name, makeVector(random, space)]));
}

/** Local mode cannot score a point without its multivector, and counts documents without a vector in idf. */
function isRequired(space: Space): boolean {
  return space.name === '' || space.kind === 'multi' || (space.kind === 'sparse' && space.idf);
}

export function makeVector(random: Random, space: Space): Json {
  switch (space.kind) {
    case 'dense':
      return times(space.size, () => component(random));
    case 'multi':
      return times(between(random, 1, 3), () => times(space.size, () => component(random)));
    case 'sparse': {
      const all = times(SPARSE_SIZE, (index) => index);
      const indices = some(random, all, between(random, 1, 6));
      return { indices, values: indices.map(() => 1.05 + 0.95 * component(random)) };
    }
  }
}

/** Of -1 .. 1, so fine that sums of a few are not equal but for their last bit, which would decide whole ranks. */
function component(random: Random): number {
  return Math.round((2 * random.next() - 1) * 1e7) / 1e7;
}

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
