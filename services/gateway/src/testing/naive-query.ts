// A small collection with dense and sparse vectors, and the universal query over it by the definitions: all points in
// one place, stage by stage, nothing shared with how a gateway runs it but the arithmetic of libs/ranking.

import assert from 'node:assert/strict';
import {
  type CollectionConfig,
  compileFilter,
  type Filter,
  ID_ONLY,
  isSparse,
  type Point,
  type PointId,
  type PointOperation,
  payloadFromBytes,
  payloadToBytes,
  type Query,
  type QueryRequest,
  type QueryStage,
  type SparseVector,
  type VectorExample,
  type VectorValue,
} from '@tributary/model';
import {
  averageRecommendVector,
  distributionBasedScoreFusionSteps,
  inverseDocumentFrequency,
  naiveFeedbackScoring,
  type Ranked,
  reciprocalRankFusionSteps,
  weighted,
} from '@tributary/ranking';
import { atOnce } from '@tributary/runtime';
import { bruteForceScore } from './brute-force.ts';

export const CONFIG: Partial<CollectionConfig> = {
  shardNumber: 4,
  vectors: { '': { size: 2, distance: 'Dot' }, far: { size: 2, distance: 'Euclid' } },
  sparseVectors: { words: { modifier: 'idf' } },
};

/** What it takes to order by `rank`, and no more. */
export const RANK_INDEX: PointOperation = {
  kind: 'createFieldIndex',
  field: 'rank',
  index: { type: 'integer', lookup: false, range: true },
};

/** The value of a payload field that orders the points: no two alike, and not in the order of the ids. */
export const rankOf = (id: number) => (id * 7) % 31;

export const POINTS: readonly Point[] = Array.from({ length: 30 }, (_, id) => ({
  id,
  payload: payloadToBytes({
    color: ['red', 'green', 'blue'][id % 3] ?? '',
    rank: rankOf(id),
    ...(id % 4 === 1 ? {} : { tag: id % 5 }),
  }),
  vectors: {
    '': Float32Array.of((id % 5) - 2, ((id * 3) % 7) - 3),
    ...(id % 4 === 0 ? {} : { far: Float32Array.of(id, id % 6) }),
    ...(id % 2 === 0 ? {} : { words: sparse({ [id % 3]: 1, [3 + (id % 4)]: 2 }) }),
  },
}));

export function sparse(values: Record<number, number>): SparseVector {
  const indices = Object.keys(values).map(Number);
  return { indices: Uint32Array.from(indices), values: Float32Array.from(Object.values(values)) };
}

export function request(stage: Partial<QueryRequest>): QueryRequest {
  return { ...stageOf(stage), offset: 0, projection: ID_ONLY, ...stage };
}

export function stageOf(stage: Partial<QueryStage>): QueryStage {
  return { prefetch: [], using: '', params: {}, limit: 10, ...stage };
}

export const vector = (...values: number[]): VectorExample => {
  return { kind: 'vector', vector: Float32Array.from(values) };
};
export const ids = (points: readonly { readonly id: PointId }[]) => points.map(({ id }) => id);

/** The whole tree over all points in one place, stage by stage, by the definitions. */
export function naive(stage: QueryStage, outer: readonly Filter[], limit = stage.limit): Ranked[] {
  const { query } = stage;
  const examples = examplesIn(query).flatMap((each) => (each.kind === 'id' ? [each.id] : []));
  const excluding: Filter = { mustNot: [{ kind: 'hasId', ids: examples }] };
  const filters = [...outer, excluding, ...(stage.filter === undefined ? [] : [stage.filter])];
  const holds = filters.map((filter) => compileFilter(filter));
  const lists = stage.prefetch.map((prefetch) => naive(prefetch, filters));
  const found = new Set(ids(lists.flat()));
  const candidates = POINTS.filter(({ id, payload }) => {
    if (stage.prefetch.length > 0 && !found.has(id)) return false;
    return holds.every((passes) => passes({ id, payload: payloadFromBytes(payload) }));
  });
  return rank(stage, lists, candidates).slice(0, limit);
}

function rank(stage: QueryStage, lists: Ranked[][], candidates: readonly Point[]): Ranked[] {
  const { query, using } = stage;
  const score = (scoring: Parameters<typeof bruteForceScore>[1]['scoring']) => {
    const sign = scoring.kind === 'nearest' && using === 'far' ? 1 : -1;
    const asked = { scoring, using, limit: 0, params: {}, projection: ID_ONLY };
    const config = { ...CONFIG, vectors: CONFIG.vectors ?? {} } as CollectionConfig;
    return candidates
      .flatMap(({ id, vectors }) => {
        const value = vectors[using];
        const points = value === undefined ? undefined : bruteForceScore(config, asked, value);
        return points === undefined ? [] : [{ id, score: points }];
      })
      .sort((a, b) => sign * (a.score - b.score) || Number(a.id) - Number(b.id));
  };
  const raw = (example: VectorExample) => vectorOf(example, using);
  const value = (example: VectorExample) => weighed(raw(example));
  switch (query?.kind) {
    case undefined:
      return candidates.map(({ id }) => ({ id, score: 1 }));
    case 'orderBy':
      return candidates
        .toSorted((a, b) => rankOf(Number(b.id)) - rankOf(Number(a.id)))
        .map(({ id }) => ({ id, score: 1 }));
    case 'rrf':
      return atOnce(reciprocalRankFusionSteps(lists, query));
    case 'dbsf':
      return atOnce(distributionBasedScoreFusionSteps(lists));
    case 'nearest':
      return score({ kind: 'nearest', vector: value(query.target) });
    case 'recommend': {
      const { positives, negatives, strategy } = query;
      if (strategy === 'average_vector') {
        const mean = averageRecommendVector(positives.map(raw), negatives.map(raw));
        return score({ kind: 'nearest', vector: weighed(mean) });
      }
      const kind = strategy === 'best_score' ? 'bestScore' : 'sumScores';
      return score({ kind, positives: positives.map(value), negatives: negatives.map(value) });
    }
    case 'discover':
    case 'context': {
      const context = query.context.map(({ positive, negative }) => ({
        positive: value(positive),
        negative: value(negative),
      }));
      if (query.kind === 'context') return score({ kind: 'context', context });
      return score({ kind: 'discover', target: value(query.target), context });
    }
    case 'relevanceFeedback': {
      const { target, feedback, strategy } = query;
      const judged = feedback.map(({ example, score }) => ({ vector: value(example), score }));
      return score(naiveFeedbackScoring(value(target), judged, strategy));
    }
    default:
      throw new Error(`no ${query?.kind} here`);
  }
}

function vectorOf(example: VectorExample, using: string): VectorValue {
  const point = POINTS.find(({ id }) => example.kind === 'id' && id === example.id);
  const found = example.kind === 'vector' ? example.vector : point?.vectors[using];
  assert.ok(found !== undefined);
  return found;
}

function weighed(found: VectorValue): VectorValue {
  if (!isSparse(found)) return found;
  const having = POINTS.flatMap(({ vectors }) => vectors.words ?? []).filter(isSparse);
  const weights = Array.from({ length: 8 }, (_, term) => {
    const count = having.filter((other) => other.indices.includes(term)).length;
    return [term, inverseDocumentFrequency(having.length, count)] as const;
  });
  return weighted(found, new Map(weights));
}

function examplesIn(query: Query | undefined): readonly VectorExample[] {
  if (query?.kind === 'nearest') return [query.target];
  if (query?.kind === 'recommend') return [...query.positives, ...query.negatives];
  if (query?.kind === 'relevanceFeedback') {
    return [query.target, ...query.feedback.map(({ example }) => example)];
  }
  if (query?.kind !== 'discover' && query?.kind !== 'context') return [];
  const pairs = query.context.flatMap(({ positive, negative }) => [positive, negative]);
  return query.kind === 'discover' ? [query.target, ...pairs] : pairs;
}
