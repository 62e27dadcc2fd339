// The questions to the shards that score points.

import type { CollectionState } from '@tributary/metadata';
import type {
  Filter,
  Projection,
  QueryRequest,
  QueryStage,
  Scoring,
  SearchQuery,
  TextScoring,
} from '@tributary/model';
import { prepareVector } from '@tributary/qdrant-api';
import { type Steps, visitSteps } from '@tributary/runtime';
import { stagesOf } from './query-examples.ts';
import { checkIdf, isWeighed } from './term-weighing.ts';

/** One of 1,536 dimensions takes some 5 µs. */
const QUERIES_PER_STEP = 50;

/** What is wanted of a stage. */
export interface Want {
  readonly limit: number;
  readonly projection: Projection;
}

/**
 * The searches where every request is for the points nearest to a given vector and needs nothing else first.
 * Errors: `bad_request` where a stage asks for weights that its vector has not.
 */
export function* plainQuerySteps(
  collection: CollectionState,
  requests: readonly QueryRequest[],
): Steps<SearchQuery[] | undefined> {
  yield* visitSteps(requests, QUERIES_PER_STEP, (request) => {
    for (const stage of stagesOf(request)) checkIdf(collection, stage);
  });
  const queries: SearchQuery[] = [];
  for (const [i, request] of requests.entries()) {
    if (i % QUERIES_PER_STEP === QUERIES_PER_STEP - 1) yield;
    const { query, using, filter, projection } = request;
    if (request.prefetch.length > 0 || query?.kind !== 'nearest') return undefined;
    if (request.lookupFrom !== undefined) return undefined;
    if (query.target.kind !== 'vector' || query.mmr !== undefined) return undefined;
    if (isWeighed(collection, using)) return undefined;
    const vector = prepareVector(query.target.vector, using, collection.config);
    const want = { limit: request.offset + request.limit, projection };
    queries.push(searchQuery(request, { kind: 'nearest', vector }, filter, want));
  }
  return queries;
}

/** The search of a stage by its scoring. `filter` is all that the stage and those above it ask for. */
export function searchQuery(
  stage: QueryStage,
  scoring: Scoring | TextScoring,
  filter: Filter | undefined,
  { limit, projection }: Want,
): SearchQuery {
  const { using, params, scoreThreshold } = stage;
  const asked = {
    using,
    limit,
    params,
    projection,
    ...(filter === undefined ? {} : { filter }),
    ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
  };
  return scoring.kind === 'text' ? { ...asked, scoring } : { ...asked, scoring };
}
