// The bytes of a question to a replica; proto/peer.proto describes them. What is asked of vectors is in query-codec.ts.

import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  collectionId,
  type ExactNumber,
  exactInteger,
  type FacetQuery,
  type Filter,
  ID_ONLY,
  type OrderBy,
  type PointId,
  type Projection,
  type SampleQuery,
  type ScrollQuery,
  type SearchQuery,
  sequence,
  shardId,
  type TermStatisticsQuery,
} from '@tributary/model';
import {
  assertEnded,
  corrupt,
  decoding,
  lengthTag,
  messageEnd,
  readId,
  readInteger,
  readText,
  skipField,
  varintTag,
  writeId,
  writeInteger,
  writeText,
} from './field.ts';
import { filterFromBytes } from './json-field.ts';
import { written } from './kept-writer.ts';
import type { ReplicaAddress, ReplicaCall, ReplicaCallKind } from './messages.ts';
import { indicesFromBytes, indicesToBytes } from './point-codec.ts';
import {
  type FilteredQuery,
  readProjection,
  readQuery,
  writeFilter,
  writeProjection,
  writeQuery,
} from './query-codec.ts';
import { ReadFilters, SharedFilters } from './shared-filters.ts';

const KINDS = [
  'search',
  'retrieve',
  'scroll',
  'count',
  'info',
  'verify',
  'sample',
  'facet',
  'termStatistics',
  'explain',
  'textStatistics',
  'bucketSums',
  'bucketPoints',
] as const satisfies readonly ReplicaCallKind[];
const DIRECTIONS = ['asc', 'desc'] as const;

const CALL_KIND = varintTag(3);
const CALL_QUERY = lengthTag(4);
const CALL_ID = lengthTag(5);
const CALL_PROJECTION = lengthTag(6);
const CALL_FILTER = lengthTag(7);
const CALL_OFFSET = lengthTag(8);
const CALL_LIMIT = varintTag(9);
const CALL_ORDER_BY = lengthTag(10);
const CALL_SEED = (11 << 3) | 1;
const CALL_KEY = lengthTag(12);
const CALL_INDICES = lengthTag(13);
const CALL_TRACEPARENT = lengthTag(14);
const CALL_TEXT = lengthTag(15);
const CALL_CUT = varintTag(16);
const CALL_BUCKET = varintTag(17);
const CALL_QUERY_FILTER = lengthTag(18);

const ORDER_KEY = lengthTag(1);
const ORDER_DIRECTION = varintTag(2);
const ORDER_START = (3 << 3) | 1;
const ORDER_START_INTEGER = varintTag(4);

const NO_INDICES = new Uint32Array(0);

export interface AddressedCall {
  readonly target: ReplicaAddress;
  readonly call: ReplicaCall;
  /** The span of who asks, as W3C's `traceparent`. */
  readonly traceparent?: string;
}

/** Throws `bad_request` on a filter nested deeper than a reader accepts. */
export function encodeCall(
  target: ReplicaAddress,
  call: ReplicaCall,
  traceparent?: string,
): Uint8Array {
  return written((writer) => {
    writeCall(writer, target, call);
    if (traceparent !== undefined) writeText(writer, 14, traceparent);
  });
}

function writeCall(writer: BinaryWriter, target: ReplicaAddress, call: ReplicaCall): void {
  writeText(writer, 1, target.collection);
  writer.uint32(varintTag(2)).uint32(target.shard);
  writer.uint32(CALL_KIND).uint32(KINDS.indexOf(call.kind) + 1);
  switch (call.kind) {
    case 'search':
      writeQueries(writer, call.queries);
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
    case 'explain':
      if (call.query !== undefined) writeQuery(writer, CALL_QUERY, call.query);
      writeFilter(writer, CALL_FILTER, call.filter);
      break;
    case 'sample':
      writeSample(writer, call.query);
      break;
    case 'facet':
      writeFacet(writer, call.query);
      break;
    case 'termStatistics':
      writeTermStatistics(writer, call.query);
      break;
    case 'textStatistics':
      writeFilter(writer, CALL_FILTER, call.query.filter);
      writer.uint32(CALL_KEY).string(call.query.field);
      writer.uint32(CALL_TEXT).string(call.query.text);
      break;
    case 'bucketSums':
      writeInteger(writer, 16, call.cut);
      break;
    case 'bucketPoints':
      writer.uint32(CALL_BUCKET).uint32(call.bucket);
      break;
    case 'info':
    case 'verify':
      break;
  }
}

function writeQueries(writer: BinaryWriter, queries: readonly SearchQuery[]): void {
  const shared = queries.length > 1 ? new SharedFilters() : undefined;
  if (shared !== undefined) {
    for (const { filter } of queries) if (filter !== undefined) shared.numberOf(filter);
    for (const text of shared.texts) writer.uint32(CALL_QUERY_FILTER).string(text);
  }
  for (const query of queries) writeQuery(writer, CALL_QUERY, query, shared);
}

/** Vectors are views into `bytes` where aligned. Errors: `corrupt`. */
export function decodeCall(bytes: Uint8Array): AddressedCall {
  return decoding('call', () => readCall(new BinaryReader(bytes)));
}

interface CallFields {
  kind: number;
  queries: FilteredQuery[];
  readonly queryFilters: ReadFilters;
  ids: PointId[];
  projection: Projection;
  filter: Filter | undefined;
  offset: PointId | undefined;
  limit: number;
  orderBy: OrderBy | undefined;
  seed: number;
  key: string;
  text: string;
  indices: Uint32Array;
  cut: number;
  bucket: number;
}

function readCall(reader: BinaryReader): AddressedCall {
  let collection = '';
  let shard = 0;
  let traceparent: string | undefined;
  const fields: CallFields = {
    kind: 0,
    queries: [],
    queryFilters: new ReadFilters(),
    ids: [],
    projection: ID_ONLY,
    filter: undefined,
    offset: undefined,
    limit: 0,
    orderBy: undefined,
    seed: 0,
    key: '',
    text: '',
    indices: NO_INDICES,
    cut: 0,
    bucket: 0,
  };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) collection = readText(reader);
    else if (tag === varintTag(2)) shard = reader.uint32();
    else if (tag === CALL_TRACEPARENT) traceparent = readText(reader);
    else readCallField(reader, tag, fields);
  }
  assertEnded(reader, reader.len);
  const target = { collection: collectionId(collection), shard: shardId(shard) };
  return { target, call: callOf(fields), ...(traceparent !== undefined && { traceparent }) };
}

function readCallField(reader: BinaryReader, tag: number, fields: CallFields): void {
  if (tag === CALL_KIND) fields.kind = reader.uint32();
  else if (tag === CALL_QUERY) fields.queries.push(readQuery(reader));
  else if (tag === CALL_QUERY_FILTER) fields.queryFilters.take(reader.bytes());
  else if (tag === CALL_ID) fields.ids.push(readId(reader));
  else if (tag === CALL_PROJECTION) fields.projection = readProjection(reader);
  else if (tag === CALL_FILTER) fields.filter = filterFromBytes(reader.bytes());
  else if (tag === CALL_OFFSET) fields.offset = readId(reader);
  else if (tag === CALL_LIMIT) fields.limit = reader.uint32();
  else if (tag === CALL_ORDER_BY) fields.orderBy = readOrderBy(reader);
  else if (tag === CALL_SEED) fields.seed = reader.double();
  else if (tag === CALL_KEY) fields.key = readText(reader);
  else if (tag === CALL_TEXT) fields.text = readText(reader);
  else if (tag === CALL_INDICES) fields.indices = indicesFromBytes(reader.bytes());
  else if (tag === CALL_CUT) fields.cut = readInteger(reader);
  else if (tag === CALL_BUCKET) fields.bucket = reader.uint32();
  else skipField(reader, tag);
}

function callOf(fields: CallFields): ReplicaCall {
  const { ids, projection, filter, offset, limit, orderBy, seed, key } = fields;
  const filtered = filter === undefined ? {} : { filter };
  const queries = fields.queries.map((queryWith) => queryWith(fields.queryFilters));
  const kind = KINDS[fields.kind - 1];
  switch (kind) {
    case undefined:
      throw corrupt(`unknown kind of call ${fields.kind}`);
    case 'search':
      return { kind, queries };
    case 'retrieve':
      return { kind, ids, projection };
    case 'scroll': {
      const start = offset === undefined ? {} : { offset };
      const order = orderBy === undefined ? {} : { orderBy };
      return { kind, query: { limit, projection, ...start, ...filtered, ...order } };
    }
    case 'count':
      return { kind, ...filtered };
    case 'explain': {
      const [query] = queries;
      return { kind, ...filtered, ...(query !== undefined && { query }) };
    }
    case 'sample':
      return { kind, query: { limit, seed, projection, ...filtered } };
    case 'facet':
      return { kind, query: { key, limit, ...filtered } };
    case 'termStatistics':
      return { kind, query: { using: key, indices: fields.indices, ...filtered } };
    case 'textStatistics':
      return { kind, query: { field: key, text: fields.text, ...filtered } };
    case 'bucketSums':
      return { kind, cut: sequence(fields.cut) };
    case 'bucketPoints':
      return { kind, bucket: fields.bucket };
    default:
      return { kind };
  }
}

function writeScroll(writer: BinaryWriter, query: ScrollQuery): void {
  writeFilter(writer, CALL_FILTER, query.filter);
  if (query.offset !== undefined) writeId(writer, CALL_OFFSET, query.offset);
  writer.uint32(CALL_LIMIT).uint32(query.limit);
  writeProjection(writer, CALL_PROJECTION, query.projection);
  if (query.orderBy !== undefined) writeOrderBy(writer, query.orderBy);
}

function writeSample(writer: BinaryWriter, query: SampleQuery): void {
  writeFilter(writer, CALL_FILTER, query.filter);
  writer.uint32(CALL_LIMIT).uint32(query.limit);
  writeProjection(writer, CALL_PROJECTION, query.projection);
  writer.uint32(CALL_SEED).double(query.seed);
}

function writeFacet(writer: BinaryWriter, query: FacetQuery): void {
  writeFilter(writer, CALL_FILTER, query.filter);
  writer.uint32(CALL_LIMIT).uint32(query.limit);
  writer.uint32(CALL_KEY).string(query.key);
}

function writeTermStatistics(writer: BinaryWriter, query: TermStatisticsQuery): void {
  writeFilter(writer, CALL_FILTER, query.filter);
  writer.uint32(CALL_KEY).string(query.using);
  writer.uint32(CALL_INDICES).bytes(indicesToBytes(query.indices));
}

function writeOrderBy(writer: BinaryWriter, orderBy: OrderBy): void {
  writer.uint32(CALL_ORDER_BY).fork();
  writer.uint32(ORDER_KEY).string(orderBy.key);
  writer.uint32(ORDER_DIRECTION).uint32(DIRECTIONS.indexOf(orderBy.direction));
  const { startFrom } = orderBy;
  if (typeof startFrom === 'number') writer.uint32(ORDER_START).double(startFrom);
  else if (startFrom !== undefined) writer.uint32(ORDER_START_INTEGER).sint64(startFrom);
  writer.join();
}

function readOrderBy(reader: BinaryReader): OrderBy {
  const end = messageEnd(reader);
  let key = '';
  let directionNumber = 0;
  let startFrom: ExactNumber | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ORDER_KEY) key = readText(reader);
    else if (tag === ORDER_DIRECTION) directionNumber = reader.uint32();
    else if (tag === ORDER_START) startFrom = reader.double();
    else if (tag === ORDER_START_INTEGER) startFrom = exactInteger(BigInt(reader.sint64()));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  const direction = DIRECTIONS[directionNumber];
  if (direction === undefined) throw corrupt(`unknown direction ${directionNumber}`);
  return startFrom === undefined ? { key, direction } : { key, direction, startFrom };
}
