// The endpoints from before the universal query: search, recommend and discover, with their batches and groups. Each
// becomes the query that means the same.

import type { GroupsRequest, JsonObject, JsonValue, Query, QueryRequest } from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { formatError } from '../errors.ts';
import { refuseKeys } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import {
  at,
  checkCount,
  isObject,
  optional,
  present,
  readFloat,
  readObject,
  readString,
  readUnsigned,
} from './json-reader.ts';
import { readProjection } from './projection.ts';
import { checkQuery, readGroups, readLookupFrom, readSearches, readSearchParams } from './query.ts';
import { readExample, readPairs, recommendOf } from './query-variant.ts';
import { readPlainVector } from './vector.ts';

type Body = JsonValue | undefined;
type Read = (body: JsonObject, path: string) => QueryRequest;

export const parseSearch = (body: Body) => readSearch(readObject(body, ''), '');
export const parseSearchBatch = (body: Body) => readBatch(body, readSearch);
export const parseSearchGroups = (body: Body) => readLegacyGroups(body, readSearch);
export const parseRecommend = (body: Body) => readRecommend(readObject(body, ''), '');
export const parseRecommendBatch = (body: Body) => readBatch(body, readRecommend);
export const parseRecommendGroups = (body: Body) => readLegacyGroups(body, readRecommend);
export const parseDiscover = (body: Body) => readDiscover(readObject(body, ''), '');
export const parseDiscoverBatch = (body: Body) => readBatch(body, readDiscover);

function readBatch(body: Body, read: Read): QueryRequest[] {
  return readSearches(body).map((item, i) => {
    const path = `searches[${i}]`;
    return read(readObject(item, path), path);
  });
}

function readLegacyGroups(body: Body, read: Read): GroupsRequest {
  const object = readObject(body, '');
  const query = { ...read(object, ''), offset: 0 };
  return readGroups(object, query, readUnsigned(object.group_size, 'group_size'));
}

function readSearch(body: JsonObject, path: string): QueryRequest {
  const named = isObject(body.vector) && typeof body.vector.name === 'string' ? body.vector : null;
  const using = named === null ? UNNAMED_VECTOR : readString(named.name, path);
  const vector =
    named === null
      ? readPlainVector(body.vector, at(path, 'vector'))
      : readPlainVector(named.vector, at(path, 'vector.vector'));
  return readCommon(body, path, { kind: 'nearest', target: { kind: 'vector', vector } }, using);
}

function readRecommend(body: JsonObject, path: string): QueryRequest {
  return readCommon(body, path, recommendOf(body, path), usingOf(body, path));
}

/** Without a target the context alone decides. */
function readDiscover(body: JsonObject, path: string): QueryRequest {
  const context = readPairs(body.context, at(path, 'context'));
  const target = optional(body, 'target', path, readExample);
  if (target === undefined && context.length === 0) {
    throw formatError(`${at(path, 'target')}: expected a target, a context or both`);
  }
  const query: Query =
    target === undefined ? { kind: 'context', context } : { kind: 'discover', target, context };
  return readCommon(body, path, query, usingOf(body, path));
}

function usingOf(body: JsonObject, path: string): string {
  return optional(body, 'using', path, readString) ?? UNNAMED_VECTOR;
}

function readCommon(body: JsonObject, path: string, query: Query, using: string): QueryRequest {
  refuseKeys(body, { shard_key: 'shardKeys' });
  const where = at(path, 'limit');
  const offset = optional(body, 'offset', path, readUnsigned) ?? 0;
  return checkQuery(
    present<QueryRequest>({
      prefetch: [],
      query,
      using,
      filter: optional(body, 'filter', path, readFilter),
      params: optional(body, 'params', path, readSearchParams) ?? {},
      scoreThreshold: optional(body, 'score_threshold', path, readFloat),
      limit: checkCount(readUnsigned(body.limit ?? body.top, where), where, 1),
      offset: checkCount(offset, at(path, 'offset'), 0),
      projection: readProjection(body, path, false),
      lookupFrom: optional(body, 'lookup_from', path, readLookupFrom),
    }),
    path,
  );
}
