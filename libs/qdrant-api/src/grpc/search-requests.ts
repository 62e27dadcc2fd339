// The older search, recommend and discover requests, which are queries of one stage, and the requests for groups.

import type { GroupsRequest, Query, QueryRequest, VectorValue } from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { formatError } from '../errors.ts';
import type {
  DiscoverPoints,
  QueryPointGroups,
  RecommendPointGroups,
  RecommendPoints,
  SearchPointGroups,
  SearchPoints,
  WithLookup,
} from '../gen/points.ts';
import { checkQuery } from '../requests/check-query.ts';
import { checkCount, present, readPath } from '../requests/json-reader.ts';
import { exampleOf } from '../requests/query-variant.ts';
import { LIMIT_DEFAULT } from '../requests/read.ts';
import { readOldExample, readOldPairs, strategyOf } from './examples.ts';
import { numberOf, readPointId } from './ids.ts';
import { projectionOf } from './parameters.ts';
import { groupedQueryOf, lookupOf, narrowingOf } from './query-requests.ts';
import { readFloats, readSparse, readVector } from './vectors.ts';
import { refuseShardKeys } from './write-requests.ts';

export function searchOf(message: SearchPoints): QueryRequest {
  const query = nearestOf(message);
  return requestOf(message, query, message.vectorName, pageOf(message));
}

export function recommendPointsOf(message: RecommendPoints): QueryRequest {
  return requestOf(message, recommendationOf(message), message.using, pageOf(message));
}

/** Without a target it is a query by context alone. */
export function discoverOf(message: DiscoverPoints): QueryRequest {
  const context = readOldPairs(message.context, 'context');
  const single = message.target?.single;
  if (single === undefined && context.length === 0) {
    throw formatError('target: expected a target, a context or both');
  }
  const query: Query =
    single === undefined
      ? { kind: 'context', context }
      : { kind: 'discover', target: readOldExample(single, 'target'), context };
  return requestOf(message, query, message.using, pageOf(message));
}

export function searchGroupsOf(message: SearchPointGroups): GroupsRequest {
  const page = { limit: checkCount(message.limit, 'limit', 1), offset: 0 };
  const query = requestOf(message, nearestOf(message), message.vectorName, page);
  return groupsOf(message, query, message.groupSize);
}

export function recommendGroupsOf(message: RecommendPointGroups): GroupsRequest {
  const page = { limit: checkCount(message.limit, 'limit', 1), offset: 0 };
  const query = requestOf(message, recommendationOf(message), message.using, page);
  return groupsOf(message, query, message.groupSize);
}

const GROUP_SIZE_DEFAULT = 3;

export function queryGroupsOf(message: QueryPointGroups): GroupsRequest {
  const { groupSize } = message;
  const size = groupSize === undefined ? GROUP_SIZE_DEFAULT : numberOf(groupSize);
  return groupsOf(message, groupedQueryOf(message), size);
}

function groupsOf(
  message: { readonly groupBy: string; readonly withLookup?: WithLookup | undefined },
  query: QueryRequest,
  groupSize: number,
): GroupsRequest {
  const { withLookup } = message;
  return present<GroupsRequest>({
    query,
    groupBy: readPath(message.groupBy, 'group_by'),
    groupSize: checkCount(groupSize, 'group_size', 1),
    withLookup: withLookup && {
      collection: withLookup.collection,
      projection: projectionOf(withLookup, true),
    },
  });
}

interface Page {
  readonly limit: number;
  readonly offset: number;
}

function pageOf(message: {
  readonly limit?: bigint | undefined;
  readonly offset?: bigint | undefined;
}): Page {
  const { limit, offset } = message;
  return {
    limit: limit === undefined ? LIMIT_DEFAULT : checkCount(numberOf(limit), 'limit', 1),
    offset: offset === undefined ? 0 : checkCount(numberOf(offset), 'offset', 0),
  };
}

type Common = Pick<SearchPoints, 'filter' | 'params' | 'withPayload' | 'withVectors'> &
  Pick<RecommendPoints, 'shardKeySelector'> & {
    readonly scoreThreshold?: number | undefined;
    readonly lookupFrom?: RecommendPoints['lookupFrom'];
  };

function requestOf(
  message: Common,
  query: Query,
  using: string | undefined,
  { limit, offset }: Page,
): QueryRequest {
  refuseShardKeys(message);
  return checkQuery(
    present<QueryRequest>({
      prefetch: [],
      query,
      using: using ?? UNNAMED_VECTOR,
      limit,
      offset,
      lookupFrom: message.lookupFrom && lookupOf(message.lookupFrom),
      projection: projectionOf(message, false),
      ...narrowingOf(message, ''),
    }),
  );
}

function nearestOf({
  vector: data,
  sparseIndices,
}: Pick<SearchPoints, 'vector' | 'sparseIndices'>): Query {
  const vector: VectorValue =
    sparseIndices === undefined
      ? readFloats(data, 'vector')
      : readSparse(sparseIndices.data, data, 'vector');
  return { kind: 'nearest', target: { kind: 'vector', vector } };
}

type Examples = Pick<
  RecommendPoints,
  'positive' | 'negative' | 'positiveVectors' | 'negativeVectors' | 'strategy'
>;

function recommendationOf(message: Examples): Query {
  return {
    kind: 'recommend',
    positives: examplesOf(message.positive, message.positiveVectors, 'positive'),
    negatives: examplesOf(message.negative, message.negativeVectors, 'negative'),
    strategy: strategyOf(message.strategy),
  };
}

function examplesOf(ids: Examples['positive'], vectors: Examples['positiveVectors'], path: string) {
  return [
    ...ids.map((id, i) => ({ kind: 'id', id: readPointId(id, `${path}[${i}]`) }) as const),
    ...vectors.map((vector, i) => {
      const where = `${path}_vectors[${i}]`;
      return exampleOf(readVector(vector, where));
    }),
  ];
}
