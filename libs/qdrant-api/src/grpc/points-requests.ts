// Protobuf requests about points to the same values as REST requests become.

import type { PointOperation, PointSelector, ScrollQuery, SearchParams } from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { emptyUpdate, formatError } from '../errors.ts';
import {
  type ClearPayloadPoints,
  type CountPoints,
  type DeletePayloadPoints,
  type DeletePoints,
  type GetPoints,
  type PointsSelector,
  type Query,
  type QueryPoints,
  type ScrollPoints,
  type SearchParams as SearchParamsMessage,
  type SearchPoints,
  type SetPayloadPoints,
  UpdateMode,
  type UpsertPoints,
  type VectorInput,
} from '../gen/points.ts';
import type { Filter as FilterMessage } from '../gen/qdrant_common.ts';
import { checkCount, present, readPath, readPaths } from '../requests/json-reader.ts';
import { checkQuery } from '../requests/query.ts';
import { LIMIT_DEFAULT } from '../requests/read.ts';
import type {
  CountRequest,
  QueryRequest,
  QueryTarget,
  RetrieveRequest,
} from '../requests/request.ts';
import { setPayload } from '../requests/update.ts';
import { refuseKeys, unsupported } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import { numberOf, readPointId, readPointIds } from './ids.ts';
import { projectionOf } from './parameters.ts';
import { objectOfEntries, payloadOfEntries } from './payload-reader.ts';
import { readFloats, readVectors } from './vectors.ts';

/** Vectors are finite but not yet held against the collection: see `preparePoints`. */
export function upsertOf(message: UpsertPoints): PointOperation & { kind: 'upsert' } {
  refuseKeys(message, { shardKeySelector: 'shardKeys', updateFilter: 'updateFilter' });
  if ((message.updateMode ?? UpdateMode.Upsert) !== UpdateMode.Upsert) {
    throw unsupported('updateMode');
  }
  if (message.points.length === 0) throw emptyUpdate();
  const points = message.points.map((point, i) => ({
    id: readPointId(point.id, `points[${i}].id`),
    vectors: readVectors(point.vectors, `points[${i}].vectors`),
    payload: payloadOfEntries(point.payload),
  }));
  return { kind: 'upsert', points };
}

export function deletePointsOf(message: DeletePoints): PointOperation {
  refuseKeys(message, { shardKeySelector: 'shardKeys' });
  return { kind: 'delete', selector: selectorOf(message.points) };
}

export function setPayloadOf(message: SetPayloadPoints): PointOperation {
  refuseKeys(message, { shardKeySelector: 'shardKeys' });
  const selector = selectorOf(message.pointsSelector);
  const key = message.key === undefined ? undefined : readPath(message.key, 'key');
  return setPayload(selector, objectOfEntries(message.payload), key);
}

export function overwritePayloadOf(message: SetPayloadPoints): PointOperation {
  refuseKeys(message, { shardKeySelector: 'shardKeys', key: 'overwriteAtKey' });
  const selector = selectorOf(message.pointsSelector);
  return { kind: 'overwritePayload', selector, payload: objectOfEntries(message.payload) };
}

export function deletePayloadOf(message: DeletePayloadPoints): PointOperation {
  refuseKeys(message, { shardKeySelector: 'shardKeys' });
  const keys = readPaths(message.keys, 'keys');
  return { kind: 'deletePayload', selector: selectorOf(message.pointsSelector), keys };
}

export function clearPayloadOf(message: ClearPayloadPoints): PointOperation {
  refuseKeys(message, { shardKeySelector: 'shardKeys' });
  return { kind: 'clearPayload', selector: selectorOf(message.points) };
}

function selectorOf(message: PointsSelector | undefined): PointSelector {
  if (message?.points !== undefined) {
    if (message.points.ids.length === 0) throw emptyUpdate();
    return { kind: 'ids', ids: readPointIds(message.points.ids, 'points') };
  }
  if (message?.filter !== undefined) {
    return { kind: 'filter', filter: readFilter(message.filter, 'filter') };
  }
  throw formatError('expected points or a filter');
}

export function retrieveOf(message: GetPoints): RetrieveRequest {
  refuseKeys(message, { shardKeySelector: 'shardKeys' });
  return { ids: readPointIds(message.ids, 'ids'), projection: projectionOf(message, true) };
}

export function scrollOf(message: ScrollPoints): ScrollQuery {
  refuseKeys(message, { shardKeySelector: 'shardKeys', orderBy: 'orderBy' });
  const { offset } = message;
  return present<ScrollQuery>({
    filter: filterOf(message),
    offset: offset === undefined ? undefined : readPointId(offset, 'offset'),
    limit: checkCount(message.limit ?? LIMIT_DEFAULT, 'limit', 1),
    projection: projectionOf(message, true),
  });
}

export function countOf(message: CountPoints): CountRequest {
  refuseKeys(message, { shardKeySelector: 'shardKeys' });
  return present<CountRequest>({ filter: filterOf(message), exact: message.exact ?? true });
}

export function searchOf(message: SearchPoints): QueryRequest {
  refuseKeys(message, { shardKeySelector: 'shardKeys', sparseIndices: 'sparseVectors' });
  const target: QueryTarget = { kind: 'vector', vector: readFloats(message.vector, 'vector') };
  const using = message.vectorName ?? UNNAMED_VECTOR;
  const limit = checkCount(numberOf(message.limit), 'limit', 1);
  return commonOf(message, target, using, limit);
}

export function queryOf(message: QueryPoints): QueryRequest {
  refuseKeys(message, { shardKeySelector: 'shardKeys', lookupFrom: 'lookupFrom' });
  if (message.prefetch.length > 0) {
    if (message.query !== undefined) throw unsupported('prefetch');
    throw new TributaryError(
      'bad_request',
      "A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
    );
  }
  const target: QueryTarget =
    message.query === undefined ? { kind: 'none' } : targetOf(message.query);
  const asked = message.limit === undefined ? LIMIT_DEFAULT : numberOf(message.limit);
  const limit = checkCount(asked, 'limit', 1);
  return checkQuery(commonOf(message, target, message.using ?? UNNAMED_VECTOR, limit));
}

function targetOf(query: Query): QueryTarget {
  refuseKeys(query, {
    recommend: 'recommend',
    discover: 'discover',
    context: 'context',
    orderBy: 'orderBy',
    fusion: 'fusion',
    sample: 'sample',
    formula: 'formula',
    nearestWithMmr: 'mmr',
    rrf: 'fusion',
    relevanceFeedback: 'relevanceFeedback',
  });
  if (query.nearest === undefined) throw formatError('query: expected a query');
  return exampleOf(query.nearest);
}

function exampleOf(input: VectorInput): QueryTarget {
  refuseKeys(input, {
    sparse: 'sparseVectors',
    multiDense: 'multivectors',
    document: 'inference',
    image: 'inference',
    object: 'inference',
  });
  if (input.id !== undefined) return { kind: 'id', id: readPointId(input.id, 'query') };
  if (input.dense === undefined) throw formatError('query: expected a vector or a point id');
  return { kind: 'vector', vector: readFloats(input.dense.data, 'query') };
}

function commonOf(
  message: QueryPoints | SearchPoints,
  target: QueryTarget,
  using: string,
  limit: number,
): QueryRequest {
  const { offset, scoreThreshold, params } = message;
  if (scoreThreshold !== undefined && !Number.isFinite(scoreThreshold)) {
    throw formatError('score_threshold: expected a finite number');
  }
  return present<QueryRequest>({
    target,
    using,
    filter: filterOf(message),
    limit,
    offset: offset === undefined ? 0 : checkCount(numberOf(offset), 'offset', 0),
    scoreThreshold,
    params: params === undefined ? {} : searchParamsOf(params),
    projection: projectionOf(message, false),
  });
}

/** Quantization and acorn settings are hints about speed; vectors here are always compared in full. */
function searchParamsOf({ hnswEf, exact, indexedOnly }: SearchParamsMessage): SearchParams {
  const ef = hnswEf === undefined ? undefined : checkCount(numberOf(hnswEf), 'params.hnsw_ef', 1);
  return present<SearchParams>({ hnswEf: ef, exact, indexedOnly });
}

function filterOf({ filter }: { readonly filter?: FilterMessage | undefined }) {
  return filter === undefined ? undefined : readFilter(filter, 'filter');
}
