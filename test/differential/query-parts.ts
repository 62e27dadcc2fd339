// What questions are put together from.

import type { Random } from '@tributary/runtime';
import { type Json, type JsonObject, kindOf } from './case.ts';
import { between, chance, fraction, pick, some } from './choices.ts';
import {
  type Collection,
  type DenseSpace,
  makeVector,
  type Space,
} from './collection-generator.ts';
import { makeFilter } from './filter-generator.ts';

export interface QueryScope {
  /** Of the collection. */
  readonly name: string;
  readonly collection: Collection;
  readonly ids: readonly Json[];
  /** Of a page. */
  readonly limitMax: number;
  /** Ids of the points that have the vector of this name. */
  readonly idsWith: (name: string) => readonly Json[];
}

const LARGER_IS_BETTER = new Set(['Cosine', 'Dot']);

/** How to search: collections are too small for a graph, so that there is one answer however it is asked for. */
export function searched(random: Random): JsonObject {
  const quantization = pick<JsonObject>(random, [
    { ignore: true },
    { rescore: true, oversampling: 2.5 },
  ]);
  const acorn = { enable: chance(random, 0.5), max_selectivity: 0.5 };
  const params = pick<JsonObject>(random, [
    ...[{ exact: true }, { exact: false }, { hnsw_ef: 64, acorn }, { quantization }],
  ]);
  return chance(random, 0.2) ? {} : { params };
}

export function nearest(random: Random, scope: QueryScope, space: Space): JsonObject {
  const query = chance(random, 0.7) ? target(random, scope, space) : undefined;
  return {
    query: query ?? makeVector(random, space),
    ...using(space),
    ...corpus(random, scope, space),
  };
}

/** A list whose order is decided by scores that differ. */
export function leaf(random: Random, scope: QueryScope, space: Space): JsonObject {
  const query = { nearest: target(random, scope, space) };
  const limit = between(random, 1, scope.limitMax);
  const threshold = chance(random, 0.15) && { score_threshold: fraction(random, -0.2, 1.2) };
  const narrowing = { ...threshold, ...filter(random, scope) };
  const elsewhere = chance(random, 0.15) ? lookup(random, scope, space) : undefined;
  return { query, ...elsewhere, ...using(space), ...searched(random), limit, ...narrowing };
}

/** An example by another vector of the same points; undefined where there is none alike. */
export function lookup(random: Random, scope: QueryScope, space: Space): JsonObject | undefined {
  if (space.kind === 'sparse') return undefined;
  const { name: vector } = pick(
    random,
    dense(scope.collection.spaces).filter(
      (each) => each.kind === space.kind && each.size === space.size,
    ),
  );
  const ids = scope.idsWith(vector);
  if (vector === '' || ids.length < 2) return undefined;
  const lookup_from = { collection: scope.name, vector };
  return { query: { nearest: pick(random, ids) }, lookup_from };
}

export function target(random: Random, scope: QueryScope, space: Space): Json {
  const ids = scope.idsWith(space.name);
  return ids.length > 0 && chance(random, 0.4) ? pick(random, ids) : makeVector(random, space);
}

/** Of two examples that differ: whether equal ones score alike is up to the last bit. */
export function contextPair(random: Random, scope: QueryScope, space: Space): JsonObject {
  const positive = target(random, scope, space);
  const other = target(random, scope, space);
  return { positive, negative: other === positive ? makeVector(random, space) : other };
}

export function dense(spaces: readonly Space[]): DenseSpace[] {
  return spaces.filter((space) => space.kind !== 'sparse');
}

export function largerIsBetter(space: Space): boolean {
  return space.kind === 'sparse' || LARGER_IS_BETTER.has(space.distance);
}

/** Over which points rare terms are rare, where that can be said. */
function corpus(random: Random, scope: QueryScope, space: Space): JsonObject {
  const isKnown = scope.collection.oracle === 'edge' && space.kind === 'sparse' && space.idf;
  if (!isKnown || chance(random, 0.6)) return searched(random);
  const { filter: within } = filter(random, scope, 1);
  return {
    params: { idf: within === undefined || chance(random, 0.3) ? 'global' : { corpus: within } },
  };
}

export function using({ name }: Space): JsonObject {
  return name === '' ? {} : { using: name };
}

export function page(random: Random, { limitMax }: QueryScope): JsonObject {
  const offset = chance(random, 0.2) && { offset: between(random, 1, limitMax / 5) };
  return { limit: between(random, 1, limitMax), ...offset, ...selected(random) };
}

export function selected(random: Random): JsonObject {
  return {
    ...(chance(random, 0.15) && { with_vector: true }),
    with_payload: pick<Json>(random, [
      ...[true, false, ['word', 'meta']],
      ...[{ include: ['parts', 'count'] }, { exclude: ['tags', 'meta.inner'] }],
    ]),
  };
}

export function filter(
  random: Random,
  { collection, ids }: QueryScope,
  probability = 0.5,
): JsonObject {
  if (!chance(random, probability)) return {};
  return { filter: makeFilter(random, { ...collection, ids }) };
}

/** What local mode is not asked for beside a query: see README.md. */
export function beyondLocal(random: Random, scope: QueryScope, space?: Space): JsonObject {
  if (scope.collection.oracle === 'local' || !chance(random, 0.4)) return {};
  const isKnown =
    scope.collection.oracle === 'twin' || space === undefined || largerIsBetter(space);
  const threshold = isKnown &&
    chance(random, 0.5) && { score_threshold: fraction(random, -1, 0.6) };
  return { ...threshold, ...filter(random, scope, 0.7) };
}

export function indexed(random: Random, scope: QueryScope, kinds: ReadonlySet<string>) {
  const keys = [...scope.collection.indexes].filter(([, schema]) => kinds.has(kindOf(schema)));
  return some(random, keys, 1)[0]?.[0];
}

/** The mean of examples is the server's to make, and its own way over multivectors. */
export function pickStrategy(random: Random, { collection }: QueryScope, space: Space): Json {
  const scored = ['best_score', 'sum_scores'];
  if (collection.oracle === 'edge' && space.kind === 'multi') return pick(random, scored);
  return pick(random, ['average_vector', ...scored]);
}
