// The legacy search and the universal query, as far as both ask for nearest points; every other query is refused by
// name.

import type { JsonObject, JsonValue, SearchParams } from '@tributary/model';
import { parsePointId, UNNAMED_VECTOR } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { formatError, invalidPointId } from '../errors.ts';
import { refuseKeys, type UnsupportedFeature, unsupported } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import {
  at,
  checkCount,
  isArray,
  isObject,
  optional,
  present,
  readArray,
  readBoolean,
  readNumber,
  readObject,
  readString,
  readUnsigned,
  shown,
  wrongType,
} from './json-reader.ts';
import { readProjection } from './projection.ts';
import { LIMIT_DEFAULT } from './read.ts';
import type { QueryRequest, QueryTarget } from './request.ts';
import { readVector } from './vector.ts';

const QUERY_KINDS: Readonly<Record<string, UnsupportedFeature>> = {
  recommend: 'recommend',
  discover: 'discover',
  context: 'context',
  order_by: 'orderBy',
  fusion: 'fusion',
  rrf: 'fusion',
  formula: 'formula',
  sample: 'sample',
  relevance_feedback: 'relevanceFeedback',
};

export function parseSearch(body: JsonValue | undefined): QueryRequest {
  return readSearch(body, '');
}

export function parseSearchBatch(body: JsonValue | undefined): QueryRequest[] {
  return readSearches(body).map((item, i) => readSearch(item, `searches[${i}].`));
}

export function parseQuery(body: JsonValue | undefined): QueryRequest {
  return readQuery(body, '');
}

export function parseQueryBatch(body: JsonValue | undefined): QueryRequest[] {
  return readSearches(body).map((item, i) => readQuery(item, `searches[${i}].`));
}

function readSearches(body: JsonValue | undefined): readonly JsonValue[] {
  return readArray(readObject(body, '').searches, 'searches');
}

function readSearch(value: JsonValue | undefined, path: string): QueryRequest {
  const body = readObject(value, path.slice(0, -1));
  refuseKeys(body, { shard_key: 'shardKeys' });
  const limit = checkCount(readUnsigned(body.limit ?? body.top, `${path}limit`), `${path}limit`, 1);
  if (isObject(body.vector) && typeof body.vector.name === 'string') {
    const vector = readVector(body.vector.vector, `${path}vector.vector`);
    return readCommon(body, path, { kind: 'vector', vector }, body.vector.name, limit);
  }
  const vector = readVector(body.vector, `${path}vector`);
  return readCommon(body, path, { kind: 'vector', vector }, UNNAMED_VECTOR, limit);
}

function readQuery(value: JsonValue | undefined, path: string): QueryRequest {
  const body = readObject(value, path.slice(0, -1));
  refuseKeys(body, { shard_key: 'shardKeys', lookup_from: 'lookupFrom' });
  const hasQuery = body.query !== undefined && body.query !== null;
  refusePrefetch(body.prefetch, hasQuery);
  const target: QueryTarget = hasQuery
    ? readTarget(body.query ?? null, `${path}query`)
    : { kind: 'none' };
  const asked = optional(body, 'limit', path.slice(0, -1), readUnsigned) ?? LIMIT_DEFAULT;
  const limit = checkCount(asked, `${path}internal.limit`, 1);
  const using = optional(body, 'using', path.slice(0, -1), readString) ?? UNNAMED_VECTOR;
  return checkQuery(readCommon(body, path, target, using, limit));
}

function refusePrefetch(prefetch: JsonValue | undefined, hasQuery: boolean): void {
  const isEmpty = isArray(prefetch) && prefetch.length === 0;
  if (prefetch === undefined || prefetch === null || isEmpty) return;
  if (hasQuery) throw unsupported('prefetch');
  throw new TributaryError(
    'bad_request',
    "A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
  );
}

/** What must hold between the fields of a query, however it came. */
export function checkQuery(query: QueryRequest): QueryRequest {
  if (query.target.kind !== 'none' || query.scoreThreshold === undefined) return query;
  throw new TributaryError(
    'bad_request',
    "A query is needed to use the score_threshold. Can't have score_threshold without defining a query.",
  );
}

function readCommon(
  body: JsonObject,
  path: string,
  target: QueryTarget,
  using: string,
  limit: number,
): QueryRequest {
  const where = path.slice(0, -1);
  return present<QueryRequest>({
    target,
    using,
    filter: optional(body, 'filter', where, readFilter),
    limit,
    offset: checkCount(optional(body, 'offset', where, readUnsigned) ?? 0, `${path}offset`, 0),
    scoreThreshold: optional(body, 'score_threshold', where, readNumber),
    params: optional(body, 'params', where, readSearchParams) ?? {},
    projection: readProjection(body, path, false),
  });
}

/** Quantization and acorn settings are hints about speed; vectors here are always compared in full. */
function readSearchParams(value: JsonValue, path: string): SearchParams {
  const params = readObject(value, path);
  const hnswEf = optional(params, 'hnsw_ef', path, readUnsigned);
  return present<SearchParams>({
    hnswEf: hnswEf === undefined ? undefined : checkCount(hnswEf, at(path, 'hnsw_ef'), 1),
    exact: optional(params, 'exact', path, readBoolean),
    indexedOnly: optional(params, 'indexed_only', path, readBoolean),
  });
}

function readTarget(value: JsonValue, path: string): QueryTarget {
  if (!isObject(value)) return readExample(value, path);
  for (const key of Object.keys(value)) {
    const feature = Object.hasOwn(QUERY_KINDS, key) ? QUERY_KINDS[key] : undefined;
    if (feature !== undefined) throw unsupported(feature);
  }
  if (value.nearest === undefined) return readExample(value, path);
  refuseKeys(value, { mmr: 'mmr' });
  return readExample(value.nearest, `${path}.nearest`);
}

/** A vector, or the id of the point whose vector it is. */
function readExample(value: JsonValue, path: string): QueryTarget {
  if (isArray(value) || isObject(value)) return { kind: 'vector', vector: readVector(value, path) };
  const id = parsePointId(value);
  if (id !== undefined) return { kind: 'id', id };
  if (value === null || typeof value === 'boolean') {
    throw wrongType(path, value, 'a vector, a point id or a query');
  }
  throw formatError(`${path}: ${invalidPointId(shown(value))}`);
}
