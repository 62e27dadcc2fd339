// Questions for the endpoints beside `query`: the older ones, the matrix, and points looked up elsewhere.

import type { Random } from '@tributary/runtime';
import type { JsonObject, Step } from './case.ts';
import { between, chance, fraction, pick, some, times } from './choices.ts';
import { makeVector } from './collection-generator.ts';
import type { QueryScope } from './query-parts.ts';
import * as parts from './query-parts.ts';

/** The older form of a nearest query; it has none for multivectors. */
export function searchStep(random: Random, scope: QueryScope): Step | undefined {
  const spaces = scope.collection.spaces.filter((each) => each.kind !== 'multi');
  const [space] = some(random, spaces, 1);
  if (space === undefined) return undefined;
  const plain = makeVector(random, space);
  const vector = space.name === '' ? plain : { name: space.name, vector: plain };
  const threshold = chance(random, 0.2) && { score_threshold: fraction(random, -0.2, 1.2) };
  const body = { vector, ...parts.searched(random), ...threshold, ...parts.page(random, scope) };
  return { action: 'search', body: { ...body, ...parts.filter(random, scope) } };
}

export function searchBatchStep(random: Random, scope: QueryScope): Step | undefined {
  const steps = times(between(random, 1, 3), () => searchStep(random, scope));
  const searches = steps.flatMap((step) => (step === undefined ? [] : [step.body]));
  return searches.length === 0 ? undefined : { action: 'search_batch', body: { searches } };
}

/** The older forms of a grouped query. */
export function oldGroupsStep(random: Random, scope: QueryScope): Step | undefined {
  const recommends = chance(random, 0.5);
  const step = recommends ? recommendPointsStep(random, scope) : searchStep(random, scope);
  if (step === undefined) return undefined;
  const { offset: _, score_threshold: __, with_vector: ___, ...question } = step.body;
  const group_by = pick(random, ['word', 'tags', 'count']);
  const size = { group_size: between(random, 1, 4), limit: between(random, 1, 12) };
  const body = { ...question, group_by, ...size };
  return { action: recommends ? 'recommend_groups' : 'search_groups', body };
}

export function recommendPointsStep(random: Random, scope: QueryScope): Step {
  const space = pick(random, parts.dense(scope.collection.spaces));
  const examples = (least: number) =>
    times(between(random, least, 3), () => parts.target(random, scope, space));
  const strategy = parts.pickStrategy(random, scope, space);
  const body = { positive: examples(1), negative: examples(0), strategy, ...parts.using(space) };
  const page = {
    ...parts.searched(random),
    ...parts.page(random, scope),
    ...parts.filter(random, scope),
  };
  return { action: 'recommend', body: { ...body, ...page } };
}

export function discoverPointsStep(random: Random, scope: QueryScope): Step {
  const space = pick(random, parts.dense(scope.collection.spaces));
  const pair = () => parts.contextPair(random, scope, space);
  const target = parts.target(random, scope, space);
  const body = { target, context: times(between(random, 1, 3), pair), ...parts.using(space) };
  const page = {
    ...parts.searched(random),
    ...parts.page(random, scope),
    ...parts.filter(random, scope),
  };
  return { action: 'discover', body: { ...body, ...page } };
}

/** All of a few points are the sample; local mode sorts only ids of one type. */
export function matrixStep(random: Random, scope: QueryScope): Step | undefined {
  const space = pick(random, parts.dense(scope.collection.spaces));
  if (scope.collection.oracle === 'edge') return undefined;
  const numbers = scope.idsWith(space.name).filter((id) => typeof id === 'number');
  if (numbers.length < 3) return undefined;
  const among = { must: [{ has_id: some(random, numbers, between(random, 3, 12)) }] };
  const body = { sample: 50, limit: between(random, 1, 5), ...parts.using(space), filter: among };
  return { action: pick(random, ['matrix_pairs', 'matrix_offsets']), body };
}

/** Examples by another vector of the same points. */
export function lookupStep(random: Random, scope: QueryScope): Step | undefined {
  const dense = parts.dense(scope.collection.spaces);
  const space = pick(random, dense);
  const alike = dense.filter((each) => each.kind === space.kind && each.size === space.size);
  const { name: vector } = pick(random, alike);
  const ids = scope.idsWith(vector);
  if (vector === '' || ids.length < 2) return undefined;
  const lookup: JsonObject = { lookup_from: { collection: scope.name, vector } };
  const isMean = scope.collection.oracle !== 'edge';
  const way = !isMean && { strategy: parts.pickStrategy(random, scope, space) };
  const query = chance(random, 0.5)
    ? pick(random, ids)
    : { recommend: { positive: some(random, ids, 2), negative: some(random, ids, 1), ...way } };
  const body = {
    query,
    ...parts.using(space),
    ...lookup,
    ...parts.searched(random),
    ...parts.page(random, scope),
  };
  return { action: 'query', body };
}
