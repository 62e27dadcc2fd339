// Questions of every kind over a collection as it is.

import type { Random } from '@tributary/runtime';
import { isObject, type Json, type JsonObject, kindOf, type Step } from './case.ts';
import { between, chance, fraction, pick, some, times } from './choices.ts';
import { makeVector } from './collection-generator.ts';
import * as endpoints from './endpoint-generator.ts';
import { expression } from './formula-generator.ts';
import {
  beyondLocal,
  contextPair,
  filter,
  indexed,
  largerIsBetter,
  leaf,
  nearest,
  page,
  pickStrategy,
  type QueryScope,
  searched,
  selected,
  target,
  using,
} from './query-parts.ts';

/** More than there are. */
const ALL_POINTS = 10_000;

type MakeStep = (random: Random, scope: QueryScope) => Step | undefined;

const FACETED = new Set(['keyword', 'integer', 'bool']);
const ORDERED = new Set(['integer', 'float', 'datetime']);
const GROUPED = ['word', 'tags', 'count', 'counts', 'meta.inner.level'];

const QUESTIONS: readonly { readonly weight: number; readonly make: MakeStep }[] = [
  { weight: 5, make: nearestStep },
  { weight: 3, make: recommendStep },
  { weight: 2, make: discoverStep },
  { weight: 4, make: fusionStep },
  { weight: 2, make: rescoreStep },
  { weight: 3, make: formulaStep },
  { weight: 2, make: groupsStep },
  { weight: 5, make: scrollStep },
  { weight: 3, make: countStep },
  { weight: 2, make: facetStep },
  { weight: 2, make: orderStep },
  { weight: 1, make: mmrStep },
  { weight: 2, make: batchStep },
  { weight: 1, make: feedbackStep },
  { weight: 1, make: sampleStep },
  { weight: 1, make: unrankedStep },
  { weight: 2, make: textStep },
  { weight: 2, make: endpoints.searchStep },
  { weight: 1, make: endpoints.searchBatchStep },
  { weight: 1, make: endpoints.oldGroupsStep },
  { weight: 1, make: endpoints.recommendPointsStep },
  { weight: 1, make: endpoints.discoverPointsStep },
  { weight: 1, make: endpoints.matrixStep },
  { weight: 2, make: endpoints.lookupStep },
];
const LOTS = QUESTIONS.flatMap(({ weight, make }) => times(weight, () => make));

export function makeQuestion(random: Random, scope: QueryScope): Step {
  for (;;) {
    const step = pick(random, LOTS)(random, scope);
    if (step !== undefined) return step;
  }
}

function nearestStep(random: Random, scope: QueryScope): Step {
  const space = pick(random, scope.collection.spaces);
  const threshold = chance(random, 0.2) && { score_threshold: fraction(random, -0.2, 1.2) };
  const body = { ...nearest(random, scope, space), ...threshold };
  return { action: 'query', body: { ...body, ...page(random, scope), ...filter(random, scope) } };
}

function recommendStep(random: Random, scope: QueryScope): Step {
  const space = pick(random, scope.collection.spaces);
  const strategy = pickStrategy(random, scope, space);
  const examples = (least: number) =>
    times(between(random, least, 3), () => target(random, scope, space));
  const recommend = { positive: examples(1), negative: examples(0), strategy };
  const query = { recommend };
  const narrowing = { ...filter(random, scope), ...beyondLocal(random, scope, space) };
  const body = {
    query,
    ...using(space),
    ...searched(random),
    ...page(random, scope),
    ...narrowing,
  };
  return { action: 'query', body };
}

function discoverStep(random: Random, scope: QueryScope): Step {
  const space = pick(random, scope.collection.spaces);
  const context = times(between(random, 1, 3), () => contextPair(random, scope, space));
  const query = chance(random, 0.6)
    ? { discover: { target: target(random, scope, space), context } }
    : { context };
  const narrowing = { ...filter(random, scope), ...beyondLocal(random, scope, space) };
  const body = {
    query,
    ...using(space),
    ...searched(random),
    ...page(random, scope),
    ...narrowing,
  };
  return { action: 'query', body };
}

/** Local mode sorts by the distance, and takes one dense vector an item. */
function feedbackStep(random: Random, scope: QueryScope): Step | undefined {
  const { spaces } = scope.collection;
  const known = spaces.filter((each) => each.kind === 'dense' && largerIsBetter(each));
  const [space] = some(random, scope.collection.oracle === 'local' ? known : spaces, 1);
  if (space === undefined) return undefined;
  const item = () => ({ example: target(random, scope, space), score: fraction(random, 0, 2) });
  const [a, b, c] = [fraction(random, -1, 2), fraction(random, 0, 3), fraction(random, -1, 2)];
  const relevance_feedback = {
    target: target(random, scope, space),
    feedback: times(between(random, 1, 4), item),
    strategy: { naive: { a, b, c } },
  };
  const narrowing = { ...page(random, scope), ...filter(random, scope) };
  const body = {
    query: { relevance_feedback },
    ...using(space),
    ...searched(random),
    ...narrowing,
  };
  return { action: 'query', body };
}

/** Texts ranked by the text index of a field, where it has what that takes. */
function textStep(random: Random, scope: QueryScope): Step | undefined {
  const { indexes } = scope.collection;
  const scored = [...indexes].filter(([, schema]) => isObject(schema) && schema.scoring);
  const [field] = some(random, scored, 1);
  if (field === undefined) return undefined;
  const words = some(random, ['amber', 'Birch', 'cedar', 'the', 'grove', 'cedars', 'zz'], 3).join(
    ' ',
  );
  const bm25 = { k: fraction(random, 0, 3), b: fraction(random, 0, 1) };
  const text = chance(random, 0.5) ? words : { query: words, scoring: { bm25 } };
  const body = {
    query: { text },
    using: field[0],
    ...page(random, scope),
    ...filter(random, scope),
  };
  return { action: 'query', body };
}

/** Any of them: what is compared is that there are as many, and that they may be there. */
function sampleStep(random: Random, scope: QueryScope): Step {
  const limit = between(random, 1, scope.limitMax);
  const body = { query: { sample: 'random' }, limit, ...selected(random) };
  return { action: 'query', body: { ...body, ...filter(random, scope) } };
}

/** Points as they come, by id or by a value, and what is nearest among a whole sample. */
function unrankedStep(random: Random, scope: QueryScope): Step {
  const { spaces } = scope.collection;
  if (chance(random, 0.4)) {
    const space = pick(random, spaces);
    const prefetch = { query: { sample: 'random' }, limit: ALL_POINTS, ...filter(random, scope) };
    const query = makeVector(random, space);
    const body = { prefetch, query, ...using(space), ...searched(random), ...page(random, scope) };
    return { action: 'query', body };
  }
  const key = indexed(random, scope, new Set(['float']));
  if (key === undefined || chance(random, 0.4)) {
    const whole = { limit: ALL_POINTS, ...filter(random, scope), ...selected(random) };
    return { action: 'query', body: whole };
  }
  const limit = between(random, 1, scope.limitMax);
  const list = { query: { order_by: { key } }, limit, ...filter(random, scope) };
  const other = leaf(random, scope, pick(random, spaces));
  const body = { prefetch: [list, other], query: { fusion: 'rrf' }, ...page(random, scope) };
  return { action: 'query', body };
}

function fusionStep(random: Random, scope: QueryScope): Step {
  const { spaces } = scope.collection;
  const dbsf = chance(random, 0.3);
  const prefetch = times(between(random, 1, 3), () => leaf(random, scope, pick(random, spaces)));
  const weights = chance(random, 0.4) && {
    weights: prefetch.map(() => fraction(random, 0.2, 3)),
  };
  const rrf = chance(random, 0.5)
    ? { fusion: 'rrf' }
    : { rrf: { k: between(random, 1, 60), ...weights } };
  const query = dbsf ? { fusion: 'dbsf' } : rrf;
  const threshold = chance(random, 0.2) && { score_threshold: fraction(random, 0.01, 0.5) };
  return { action: 'query', body: { prefetch, query, ...threshold, ...page(random, scope) } };
}

function rescoreStep(random: Random, scope: QueryScope): Step {
  const { spaces } = scope.collection;
  const nested = times(between(random, 1, 2), () => leaf(random, scope, pick(random, spaces)));
  const middle = chance(random, 0.5)
    ? nested
    : [{ prefetch: nested, query: { fusion: 'rrf' }, limit: between(random, 3, 20) }];
  const space = pick(random, spaces);
  const query = makeVector(random, space);
  const narrowing = { ...page(random, scope), ...beyondLocal(random, scope) };
  const body = { prefetch: middle, query, ...using(space), ...searched(random), ...narrowing };
  return { action: 'query', body };
}

function formulaStep(random: Random, scope: QueryScope): Step {
  const { spaces } = scope.collection;
  const prefetch = times(between(random, 1, 2), () => leaf(random, scope, pick(random, spaces)));
  const defaults = { price: 2.5, count: 3, since: '2024-06-01', place: { lon: 1.5, lat: 2.5 } };
  const query = { formula: expression(random, scope, 3), defaults };
  const narrowing = { ...page(random, scope), ...beyondLocal(random, scope) };
  return { action: 'query', body: { prefetch, query, ...narrowing } };
}

function groupsStep(random: Random, scope: QueryScope): Step {
  const isPrefetched = scope.collection.oracle !== 'local' && chance(random, 0.5);
  const question = isPrefetched
    ? prefetchedQuestion(random, scope)
    : nearest(random, scope, pick(random, scope.collection.spaces));
  const body = {
    ...question,
    ...filter(random, scope),
    group_by: pick(random, GROUPED),
    group_size: between(random, 1, scope.limitMax / 10),
    limit: between(random, 1, scope.limitMax / 2),
  };
  // The groups of small numbers are ids of points as well.
  const canLookUp = body.group_by === 'counts' && scope.collection.oracle !== 'edge';
  const lookup = canLookUp && { with_lookup: withLookup(random, scope) };
  return { action: 'query_groups', body: { ...body, ...lookup } };
}

/** Local mode prefetches everything for groups. */
function prefetchedQuestion(random: Random, scope: QueryScope): JsonObject {
  const make = pick(random, [fusionStep, rescoreStep, formulaStep]);
  const { offset: _, ...question } = make(random, scope).body;
  return question;
}

function withLookup(random: Random, { name }: QueryScope): Json {
  return { collection: name, with_payload: pick<Json>(random, [true, ['word'], false]) };
}

function batchStep(random: Random, scope: QueryScope): Step {
  const makers = [nearestStep, nearestStep, recommendStep, discoverStep, fusionStep, formulaStep];
  const searches = times(between(random, 1, 4), () => pick(random, makers)(random, scope).body);
  return { action: 'query_batch', body: { searches } };
}

function scrollStep(random: Random, scope: QueryScope): Step {
  const offset = chance(random, 0.3) && scope.ids.length > 0 && { offset: pick(random, scope.ids) };
  const body = { limit: between(random, 1, scope.limitMax), ...offset, ...selected(random) };
  return { action: 'scroll', body: { ...body, ...filter(random, scope, 0.9) } };
}

function orderStep(random: Random, scope: QueryScope): Step | undefined {
  const key = indexed(random, scope, ORDERED);
  // An array may have a value twice, of which the engine makes a short page.
  if (key === undefined || key.includes('[]')) return undefined;
  const direction = chance(random, 0.7) && { direction: pick(random, ['asc', 'desc']) };
  const moment = kindOf(scope.collection.indexes.get(key)) === 'datetime';
  const start = chance(random, 0.3) && {
    start_from: moment ? '2024-06-15T12:30:00Z' : between(random, -3, 9),
  };
  const order = { key, ...direction, ...start };
  const common = { limit: between(random, 1, scope.limitMax), ...filter(random, scope) };
  return chance(random, 0.5)
    ? { action: 'scroll', body: { ...common, order_by: order } }
    : { action: 'query', body: { ...common, query: { order_by: order } } };
}

function countStep(random: Random, scope: QueryScope): Step {
  return { action: 'count', body: { exact: true, ...filter(random, scope, 0.95) } };
}

function facetStep(random: Random, scope: QueryScope): Step | undefined {
  const key = indexed(random, scope, FACETED);
  if (key === undefined || key === 'mixed') return undefined;
  const body = {
    key,
    limit: between(random, 1, scope.limitMax / 2),
    exact: true,
    ...filter(random, scope),
  };
  return { action: 'facet', body };
}

function mmrStep(random: Random, scope: QueryScope): Step | undefined {
  const { spaces, oracle } = scope.collection;
  const known = spaces.filter((space) => oracle !== 'edge' || space.kind !== 'sparse');
  const [space] = some(random, known, 1);
  if (space === undefined) return undefined;
  const mmr = { diversity: fraction(random, 0.1, 0.9), candidates_limit: between(random, 8, 30) };
  const query = { nearest: makeVector(random, space), mmr };
  const body = {
    query,
    ...using(space),
    ...searched(random),
    limit: between(random, 1, scope.limitMax / 4),
  };
  return { action: 'query', body: { ...body, ...filter(random, scope) } };
}
