// Trees of stages over the points of `naive-query.ts`, for properties: every query that its model can rank.

import type { Filter, PointId, Query, QueryStage, VectorExample } from '@tributary/model';
import fc from 'fast-check';
import { POINTS, sparse, stageOf, vector } from './naive-query.ts';

const byId = (id: PointId): VectorExample => ({ kind: 'id', id });
const red: Filter = { must: [{ kind: 'match', key: 'color', value: 'red' }] };

const example = (using: string): fc.Arbitrary<VectorExample> => {
  const having = POINTS.filter(({ vectors }) => vectors[using] !== undefined);
  const id = fc.constantFrom(...having.map((point) => byId(point.id)));
  const term = fc.integer({ min: 0, max: 7 });
  const given =
    using === 'words'
      ? fc
          .dictionary(term.map(String), fc.integer({ min: 1, max: 3 }), { minKeys: 1, maxKeys: 3 })
          .map((values): VectorExample => ({ kind: 'vector', vector: sparse(values) }))
      : fc
          .tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }))
          .map((values) => vector(...values));
  return fc.oneof(id, given);
};

const searching = (using: string): fc.Arbitrary<Query> => {
  const one = example(using);
  const pair = fc.record({ positive: one, negative: one });
  return fc.oneof(
    fc.record({ kind: fc.constant('nearest' as const), target: one }),
    fc.record({
      kind: fc.constant('recommend' as const),
      positives: fc.array(one, { minLength: 1, maxLength: 2 }),
      negatives: fc.array(one, { maxLength: 2 }),
      strategy: fc.constantFrom('average_vector', 'best_score', 'sum_scores'),
    }),
    fc.record({
      kind: fc.constant('discover' as const),
      target: one,
      context: fc.array(pair, { maxLength: 2 }),
    }),
    fc.record({
      kind: fc.constant('context' as const),
      context: fc.array(pair, { minLength: 1, maxLength: 2 }),
    }),
    fc.record({
      kind: fc.constant('relevanceFeedback' as const),
      target: one,
      feedback: fc.array(fc.record({ example: one, score: fc.integer({ min: 0, max: 3 }) }), {
        maxLength: 3,
      }),
      strategy: fc.constant({ a: 1, b: 1, c: 0.5 }),
    }),
  );
};

const common = {
  limit: fc.integer({ min: 1, max: 12 }),
  filter: fc.constantFrom(undefined, undefined, red),
};
const leaf = fc.constantFrom('', 'far', 'words').chain((using) =>
  fc.record({
    ...common,
    using: fc.constant(using),
    query: fc.oneof({ arbitrary: searching(using), weight: 5 }, fc.constant(undefined)),
  }),
);
export const ordered: Query = { kind: 'orderBy', orderBy: { key: 'rank', direction: 'desc' } };
export const tree = fc.letrec<{ stage: QueryStage }>((tie) => ({
  stage: fc
    .oneof(
      { maxDepth: 2, depthSize: 'small' },
      leaf,
      fc.record({
        ...common,
        prefetch: fc.array(tie('stage'), { minLength: 1, maxLength: 3 }),
        query: fc.oneof(
          fc.constant<Query>({ kind: 'rrf', k: 2 }),
          fc.constant<Query>({ kind: 'dbsf' }),
          fc.constant(ordered),
          searching(''),
        ),
      }),
    )
    .map(({ filter, query, ...stage }) =>
      stageOf({
        ...stage,
        ...(filter === undefined ? {} : { filter }),
        ...(query === undefined ? {} : { query }),
      }),
    ),
})).stage;
