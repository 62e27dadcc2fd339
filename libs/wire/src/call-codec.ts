// The bytes of a question to a replica; proto/peer.proto describes them. Searches are the hot ones: the vector is raw
// float32, and what has its default is left out.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  collectionId,
  type Filter,
  type NearestQuery,
  type PayloadSelector,
  type PointId,
  type Projection,
  type ScrollQuery,
  type SearchParams,
  shardId,
  type VectorSelector,
} from '@tributary/model';
import {
  assertEnded,
  corrupt,
  decoding,
  lengthTag,
  messageEnd,
  readId,
  readText,
  skipField,
  varintTag,
  writeId,
  writeText,
} from './field.ts';
import { filterFromBytes, filterToBytes } from './json-field.ts';
import type { ReplicaAddress, ReplicaCall, ReplicaCallKind } from './messages.ts';
import { vectorFromBytes, vectorToBytes } from './point-codec.ts';

const KINDS = [
  'search',
  'retrieve',
  'scroll',
  'count',
  'info',
  'verify',
] as const satisfies readonly ReplicaCallKind[];
const PAYLOAD_KINDS = ['none', 'all', 'include', 'exclude'] as const;
const VECTOR_KINDS = ['none', 'all', 'names'] as const;

const CALL_KIND = varintTag(3);
const CALL_QUERY = lengthTag(4);
const CALL_ID = lengthTag(5);
const CALL_PROJECTION = lengthTag(6);
const CALL_FILTER = lengthTag(7);
const CALL_OFFSET = lengthTag(8);
const CALL_LIMIT = varintTag(9);

const QUERY_VECTOR = lengthTag(1);
const QUERY_USING = lengthTag(2);
const QUERY_FILTER = lengthTag(3);
const QUERY_LIMIT = varintTag(4);
const QUERY_SCORE_THRESHOLD = (5 << 3) | 1;
const QUERY_HNSW_EF = varintTag(6);
const QUERY_EXACT = varintTag(7);
const QUERY_INDEXED_ONLY = varintTag(8);
const QUERY_PROJECTION = lengthTag(9);

const NOTHING: Projection = { payload: { kind: 'none' }, vectors: { kind: 'none' } };

export interface AddressedCall {
  readonly target: ReplicaAddress;
  readonly call: ReplicaCall;
}

/** Throws `bad_request` on a filter nested deeper than a reader accepts. */
export function encodeCall(target: ReplicaAddress, call: ReplicaCall): Uint8Array {
  const writer = new BinaryWriter();
  writeText(writer, 1, target.collection);
  writer.uint32(varintTag(2)).uint32(target.shard);
  writer.uint32(CALL_KIND).uint32(KINDS.indexOf(call.kind) + 1);
  switch (call.kind) {
    case 'search':
      for (const query of call.queries) writeQuery(writer, query);
      break;
    case 'retrieve':
      for (const id of call.ids) writeId(writer, CALL_ID, id);
      writeProjection(writer, CALL_PROJECTION, call.projection);
      break;
    case 'scroll':
      writeScroll(writer, call.query);
      break;
    case 'count':
      writeFilter(writer, CALL_FILTER, call.filter);
      break;
    case 'info':
    case 'verify':
      break;
  }
  return writer.finish();
}

/** Vectors are views into `bytes` where aligned. Errors: `corrupt`. */
export function decodeCall(bytes: Uint8Array): AddressedCall {
  return decoding('call', () => readCall(new BinaryReader(bytes)));
}

interface CallFields {
  kind: number;
  queries: NearestQuery[];
  ids: PointId[];
  projection: Projection;
  filter: Filter | undefined;
  offset: PointId | undefined;
  limit: number;
}

function readCall(reader: BinaryReader): AddressedCall {
  let collection = '';
  let shard = 0;
  const fields: CallFields = {
    kind: 0,
    queries: [],
    ids: [],
    projection: NOTHING,
    filter: undefined,
    offset: undefined,
    limit: 0,
  };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) collection = readText(reader);
    else if (tag === varintTag(2)) shard = reader.uint32();
    else readCallField(reader, tag, fields);
  }
  assertEnded(reader, reader.len);
  const target = { collection: collectionId(collection), shard: shardId(shard) };
  return { target, call: callOf(fields) };
}

function readCallField(reader: BinaryReader, tag: number, fields: CallFields): void {
  if (tag === CALL_KIND) fields.kind = reader.uint32();
  else if (tag === CALL_QUERY) fields.queries.push(readQuery(reader));
  else if (tag === CALL_ID) fields.ids.push(readId(reader));
  else if (tag === CALL_PROJECTION) fields.projection = readProjection(reader);
  else if (tag === CALL_FILTER) fields.filter = filterFromBytes(reader.bytes());
  else if (tag === CALL_OFFSET) fields.offset = readId(reader);
  else if (tag === CALL_LIMIT) fields.limit = reader.uint32();
  else skipField(reader, tag);
}

function callOf(fields: CallFields): ReplicaCall {
  const { queries, ids, projection, filter, offset, limit } = fields;
  const kind = KINDS[fields.kind - 1];
  switch (kind) {
    case undefined:
      throw corrupt(`unknown kind of call ${fields.kind}`);
    case 'search':
      return { kind, queries };
    case 'retrieve':
      return { kind, ids, projection };
    case 'scroll': {
      const page = { limit, projection, ...(offset === undefined ? {} : { offset }) };
      return { kind, query: filter === undefined ? page : { ...page, filter } };
    }
    case 'count':
      return filter === undefined ? { kind } : { kind, filter };
    default:
      return { kind };
  }
}

function writeScroll(writer: BinaryWriter, query: ScrollQuery): void {
  writeFilter(writer, CALL_FILTER, query.filter);
  if (query.offset !== undefined) writeId(writer, CALL_OFFSET, query.offset);
  writer.uint32(CALL_LIMIT).uint32(query.limit);
  writeProjection(writer, CALL_PROJECTION, query.projection);
}

function writeQuery(writer: BinaryWriter, query: NearestQuery): void {
  const { params } = query;
  writer.uint32(CALL_QUERY).fork();
  writer.uint32(QUERY_VECTOR).bytes(vectorToBytes(query.vector));
  if (query.using !== '') writer.uint32(QUERY_USING).string(query.using);
  writeFilter(writer, QUERY_FILTER, query.filter);
  writer.uint32(QUERY_LIMIT).uint32(query.limit);
  if (query.scoreThreshold !== undefined) {
    writer.uint32(QUERY_SCORE_THRESHOLD).double(query.scoreThreshold);
  }
  if (params.hnswEf !== undefined) writer.uint32(QUERY_HNSW_EF).uint32(params.hnswEf);
  if (params.exact !== undefined) writer.uint32(QUERY_EXACT).bool(params.exact);
  if (params.indexedOnly !== undefined) writer.uint32(QUERY_INDEXED_ONLY).bool(params.indexedOnly);
  writeProjection(writer, QUERY_PROJECTION, query.projection);
  writer.join();
}

function readQuery(reader: BinaryReader): NearestQuery {
  const end = messageEnd(reader);
  let vector: Float32Array | undefined;
  let using = '';
  let filter: Filter | undefined;
  let limit = 0;
  let scoreThreshold: number | undefined;
  let projection = NOTHING;
  const params: { -readonly [name in keyof SearchParams]: SearchParams[name] } = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === QUERY_VECTOR) vector = vectorFromBytes(reader.bytes());
    else if (tag === QUERY_USING) using = readText(reader);
    else if (tag === QUERY_FILTER) filter = filterFromBytes(reader.bytes());
    else if (tag === QUERY_LIMIT) limit = reader.uint32();
    else if (tag === QUERY_SCORE_THRESHOLD) scoreThreshold = reader.double();
    else if (tag === QUERY_HNSW_EF) params.hnswEf = reader.uint32();
    else if (tag === QUERY_EXACT) params.exact = reader.bool();
    else if (tag === QUERY_INDEXED_ONLY) params.indexedOnly = reader.bool();
    else if (tag === QUERY_PROJECTION) projection = readProjection(reader);
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  if (vector === undefined) throw corrupt('a query without a vector');
  return {
    vector,
    using,
    limit,
    params,
    projection,
    ...(filter === undefined ? {} : { filter }),
    ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
  };
}

function writeFilter(writer: BinaryWriter, tag: number, filter: Filter | undefined): void {
  if (filter !== undefined) writer.uint32(tag).bytes(filterToBytes(filter));
}

function writeProjection(writer: BinaryWriter, tag: number, projection: Projection): void {
  const { payload, vectors } = projection;
  if (payload.kind === 'none' && vectors.kind === 'none') return;
  writer.uint32(tag).fork();
  writer.uint32(varintTag(1)).uint32(PAYLOAD_KINDS.indexOf(payload.kind));
  if ('keys' in payload) for (const key of payload.keys) writeText(writer, 2, key);
  writer.uint32(varintTag(3)).uint32(VECTOR_KINDS.indexOf(vectors.kind));
  if ('names' in vectors) for (const name of vectors.names) writeText(writer, 4, name);
  writer.join();
}

function readProjection(reader: BinaryReader): Projection {
  const end = messageEnd(reader);
  let payloadKind = 0;
  let vectorKind = 0;
  const keys: string[] = [];
  const names: string[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === varintTag(1)) payloadKind = reader.uint32();
    else if (tag === lengthTag(2)) keys.push(readText(reader));
    else if (tag === varintTag(3)) vectorKind = reader.uint32();
    else if (tag === lengthTag(4)) names.push(readText(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  return {
    payload: payloadSelector(payloadKind, keys),
    vectors: vectorSelector(vectorKind, names),
  };
}

function payloadSelector(index: number, keys: readonly string[]): PayloadSelector {
  const kind = PAYLOAD_KINDS[index];
  if (kind === undefined) throw corrupt(`unknown payload selector ${index}`);
  return kind === 'include' || kind === 'exclude' ? { kind, keys } : { kind };
}

function vectorSelector(index: number, names: readonly string[]): VectorSelector {
  const kind = VECTOR_KINDS[index];
  if (kind === undefined) throw corrupt(`unknown vector selector ${index}`);
  return kind === 'names' ? { kind, names } : { kind };
}
