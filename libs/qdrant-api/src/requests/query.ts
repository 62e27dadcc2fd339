// The universal query and its batches and groups.

import type {
  Filter,
  GroupsRequest,
  JsonArray,
  JsonObject,
  JsonValue,
  LookupFrom,
  Projection,
  QueryParams,
  QueryRequest,
  QueryStage,
  SearchParams,
} from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { refuseKeys } from '../unsupported.ts';
import { checkQuery } from './check-query.ts';
import { readFilter } from './filter.ts';
import {
  at,
  checkCount,
  checkRange,
  isArray,
  isObject,
  optional,
  present,
  readArray,
  readBoolean,
  readFloat,
  readNumber,
  readObject,
  readPath,
  readString,
  readUnsigned,
  wrongType,
} from './json-reader.ts';
import { readProjection } from './projection.ts';
import { readVariant } from './query-variant.ts';
import { LIMIT_DEFAULT } from './read.ts';

export { checkQuery } from './check-query.ts';

const GROUP_SIZE_DEFAULT = 3;

export function parseQuery(body: JsonValue | undefined): QueryRequest {
  return readQuery(body, '');
}

export function parseQueryBatch(body: JsonValue | undefined): QueryRequest[] {
  return readSearches(body).map((item, i) => readQuery(item, `searches[${i}]`));
}

export function parseQueryGroups(body: JsonValue | undefined): GroupsRequest {
  const object = readObject(body, '');
  const size = optional(object, 'group_size', '', readUnsigned) ?? GROUP_SIZE_DEFAULT;
  return readGroups(object, { ...readQuery(object, ''), offset: 0 }, size);
}

export function readSearches(body: JsonValue | undefined): JsonArray {
  return readArray(readObject(body, '').searches, 'searches');
}

function readQuery(value: JsonValue | undefined, path: string): QueryRequest {
  const body = readObject(value, path);
  const stage = readStage(body, path, at(path, 'internal.limit'));
  const offset = checkCount(
    optional(body, 'offset', path, readUnsigned) ?? 0,
    at(path, 'offset'),
    0,
  );
  return checkQuery({ ...stage, offset, projection: readProjection(body, path, false) }, path);
}

function readStage(body: JsonObject, path: string, limitPath: string): QueryStage {
  refuseKeys(body, { shard_key: 'shardKeys' });
  const asked = optional(body, 'limit', path, readUnsigned) ?? LIMIT_DEFAULT;
  const limit = checkCount(asked, limitPath, 1);
  return present<QueryStage>({
    prefetch: optional(body, 'prefetch', path, readPrefetches) ?? [],
    query: optional(body, 'query', path, (value, where) => readVariant(value, where, limit)),
    using: optional(body, 'using', path, readString) ?? UNNAMED_VECTOR,
    filter: optional(body, 'filter', path, readFilter),
    params: optional(body, 'params', path, readSearchParams) ?? {},
    scoreThreshold: optional(body, 'score_threshold', path, readFloat),
    limit,
    lookupFrom: optional(body, 'lookup_from', path, readLookupFrom),
  });
}

/** One prefetch, or a list of them. */
function readPrefetches(value: JsonValue, path: string): QueryStage[] {
  const items: JsonArray = isArray(value) ? value : [value];
  return items.map((item, i) => {
    const where = isArray(value) ? `${path}[${i}]` : path;
    return readStage(readObject(item, where), where, at(where, 'limit'));
  });
}

export function readLookupFrom(value: JsonValue, path: string): LookupFrom {
  const object = readObject(value, path);
  refuseKeys(object, { shard_key: 'shardKeys' });
  return present<LookupFrom>({
    collection: readString(object.collection, at(path, 'collection')),
    vector: optional(object, 'vector', path, readString),
  });
}

export function readSearchParams(value: JsonValue, path: string): QueryParams {
  const params = readObject(value, path);
  const hnswEf = optional(params, 'hnsw_ef', path, readUnsigned);
  optional(params, 'acorn', path, checkAcorn);
  return present<QueryParams>({
    hnswEf: hnswEf === undefined ? undefined : checkCount(hnswEf, at(path, 'hnsw_ef'), 1),
    exact: optional(params, 'exact', path, readBoolean),
    indexedOnly: optional(params, 'indexed_only', path, readBoolean),
    quantization: optional(params, 'quantization', path, readQuantizationParams),
    idf: optional(params, 'idf', path, readIdf),
  });
}

/** A hint how to walk a graph under a filter; what is found here does not depend on one. */
function checkAcorn(value: JsonValue, path: string): void {
  const acorn = readObject(value, path);
  optional(acorn, 'enable', path, readBoolean);
  const selectivity = optional(acorn, 'max_selectivity', path, readNumber);
  if (selectivity !== undefined) checkSelectivity(selectivity, path);
}

export function checkSelectivity(selectivity: number, acornPath: string): void {
  checkRange(selectivity, at(acornPath, 'max_selectivity'), 0, 1);
}

/** `global`, or {corpus: filter}. */
function readIdf(value: JsonValue, path: string): { readonly corpus?: Filter } {
  if (value === 'global') return {};
  if (!isObject(value)) throw wrongType(path, value, '`global` or an object with a `corpus`');
  return { corpus: readFilter(value.corpus, at(path, 'corpus')) };
}

type QuantizationParams = NonNullable<SearchParams['quantization']>;

function readQuantizationParams(value: JsonValue, path: string): QuantizationParams {
  const object = readObject(value, path);
  const oversampling = optional(object, 'oversampling', path, readNumber);
  if (oversampling !== undefined) checkRange(oversampling, at(path, 'oversampling'), 1);
  return present<QuantizationParams>({
    ignore: optional(object, 'ignore', path, readBoolean),
    rescore: optional(object, 'rescore', path, readBoolean),
    oversampling,
  });
}

/** The groups that a body asks for, of the points that `query` finds. */
export function readGroups(body: JsonObject, query: QueryRequest, size: number): GroupsRequest {
  return present<GroupsRequest>({
    query,
    groupBy: readPath(body.group_by, 'group_by'),
    groupSize: checkCount(size, 'group_size', 1),
    withLookup: optional(body, 'with_lookup', '', readLookup),
  });
}

/** The name of a collection, or {collection, with_payload, with_vectors}. */
function readLookup(
  value: JsonValue,
  path: string,
): { readonly collection: string; readonly projection: Projection } {
  if (typeof value === 'string') {
    return { collection: value, projection: readProjection({}, path, true) };
  }
  const object = readObject(value, path);
  const collection = readString(object.collection, at(path, 'collection'));
  return { collection, projection: readProjection(object, path, true) };
}
