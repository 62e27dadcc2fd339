// Collections and points.

import type { Random } from '@tributary/runtime';
import type { Json, JsonObject } from './case.ts';
import { between, chance, pick, some, times } from './choices.ts';
import { CORNER_INDEXES } from './corner-indexes.ts';
import { makeWildPayload } from './corner-values.ts';
import { exactNumber } from './exact-json.ts';
import { makePayload } from './payload-generator.ts';

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

/** Who is asked beside the peer: the client's local mode, the server's own engine, or the peer itself. */
export type Oracle = 'local' | 'edge' | 'twin';

export interface Collection {
  readonly oracle: Oracle;
  readonly body: JsonObject;
  readonly spaces: readonly Space[];
  /** Fields with a payload index, and its schema. */
  readonly indexes: ReadonlyMap<string, Json>;
}

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

export function makeCollection(random: Random, oracle: Oracle): Collection {
  const indexable = oracle === 'edge' ? CORNER_INDEXES : INDEXABLE;
  const indexes = new Map<string, Json>(some(random, indexable, between(random, 0, 10)));
  if (chance(random, 0.35)) {
    const space: DenseSpace = {
      kind: chance(random, 0.2) ? 'multi' : 'dense',
      name: '',
      size: between(random, 2, 9),
      distance: pick(random, DISTANCES),
    };
    const sparse = chance(random, 0.3) ? makeSparse(random, 1) : [];
    const body = { vectors: parameters(space), ...sparseBody(sparse) };
    return { oracle, body, spaces: [space, ...sparse], indexes };
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
  return { oracle, body, spaces: [...dense, ...multi, ...sparse], indexes };
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

/** Also beyond 2^53, and UUIDs in other spellings, of which there are few, so that they come again. */
export function makeCornerId(random: Random, points: number): Json {
  if (chance(random, 0.05)) return exactNumber(`1844674407370955161${random.integer(6)}`);
  const id = makeId(random, points);
  return typeof id === 'string' && chance(random, 0.1) ? id.toUpperCase() : id;
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

export function makePoint(
  random: Random,
  collection: Collection,
  id: Json = makeId(random),
): JsonObject {
  return { id, vector: makeVectors(random, collection), payload: makeFields(random, collection) };
}

export function makeFields(random: Random, { oracle, indexes }: Collection): JsonObject {
  if (oracle !== 'edge') return makePayload(random);
  const indexed = [...indexes.keys()].map((path) => path.replace(/(\[|\.).*/, ''));
  return makeWildPayload(random, new Set(indexed));
}

/** Every vector that has to be there, any of the others. */
export function makeVectors(random: Random, { spaces, oracle }: Collection): Json {
  const [first] = spaces;
  if (first?.name === '' && spaces.length === 1) return makeVector(random, first);
  const there = spaces.filter((space) => isRequired(space, oracle) || chance(random, 0.85));
  return Object.fromEntries(there.map((space) => [space.name, makeVector(random, space)]));
}

/** Local mode cannot score a point without its multivector, and counts documents without a vector in idf. */
function isRequired(space: Space, oracle: Oracle): boolean {
  if (oracle === 'edge') return space.name === '';
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
