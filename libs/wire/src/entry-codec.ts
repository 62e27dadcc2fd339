// The bytes of an entry of the write stream; proto/entry.proto describes them.
//
//   u8 format version ─ u32 LE CRC32C of the body ─ protobuf body
//
// Invariant: decodeEntry(encodeEntry(e)) equals e, and decoding throws nothing but a TributaryError.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { crc32c } from '@node-rs/crc32';
import type {
  Entry,
  Filter,
  JsonObject,
  Point,
  PointId,
  PointOperation,
  PointSelector,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import {
  assertEnded,
  corrupt,
  decoding,
  lengthTag,
  messageEnd,
  readId,
  readInteger,
  readText,
  refuseField,
  varintTag,
  writeId,
  writeInteger,
  writeText,
} from './field.ts';
import { filterFromBytes, filterToBytes, jsonToBytes, objectFromBytes } from './json-field.ts';
import { pointBytes, readPoint, writePoint } from './point-codec.ts';

export const ENTRY_FORMAT_VERSION = 1;

/** Bytes of an entry beside its operations, at most. */
export const ENTRY_OVERHEAD_BYTES = 256;

const HEADER_BYTES = 5;
const OPERATION_ID_LENGTH_MAX = 64;
const OPERATION_OVERHEAD_BYTES = 16;

const ENTRY_OPERATION_ID = lengthTag(1);
const ENTRY_TIME_MS = varintTag(2);
const ENTRY_OPERATION = lengthTag(3);

const OPERATION_KIND = varintTag(1);
const OPERATION_POINT = lengthTag(2);
const OPERATION_SELECTOR = lengthTag(3);
const OPERATION_PAYLOAD = lengthTag(4);
const OPERATION_KEY = lengthTag(5);
const OPERATION_KEYS = lengthTag(6);

const SELECTOR_ID = lengthTag(1);
const SELECTOR_FILTER = lengthTag(2);

const KINDS = [
  'upsert',
  'delete',
  'setPayload',
  'overwritePayload',
  'deletePayload',
  'clearPayload',
] as const satisfies readonly PointOperation['kind'][];

export function encodeEntry(entry: Entry): Uint8Array {
  assert(entry.operationId.length <= OPERATION_ID_LENGTH_MAX, 'an operation id is short');
  const writer = new BinaryWriter();
  writer.raw(new Uint8Array(HEADER_BYTES));
  writeText(writer, 1, entry.operationId);
  writeInteger(writer, 2, entry.timeMs);
  for (const operation of entry.operations) writeOperation(writer, operation);
  const bytes = writer.finish();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(0, ENTRY_FORMAT_VERSION);
  view.setUint32(1, crc32c(bytes.subarray(HEADER_BYTES)), true);
  return bytes;
}

/**
 * Payloads and, where aligned, vectors are views into `bytes`.
 * Errors: `precondition_failed` (a format version of the future), `corrupt` (anything else that is wrong).
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  return decoding('entry', () => {
    const version = bytes[0];
    if (version === undefined) throw corrupt('an entry of 0 bytes');
    if (version !== ENTRY_FORMAT_VERSION) {
      throw new TributaryError('precondition_failed', `unknown entry format version ${version}`);
    }
    if (bytes.length < HEADER_BYTES) throw corrupt(`an entry of ${bytes.length} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const body = bytes.subarray(HEADER_BYTES);
    if (view.getUint32(1, true) !== crc32c(body)) throw corrupt('an entry with a wrong checksum');
    return readEntry(new BinaryReader(body));
  });
}

/** Upper bound of the bytes the operation takes in an entry; a filter or payload is encoded to find out. */
export function operationBytes(operation: PointOperation): number {
  if (operation.kind === 'upsert') {
    return operation.points.reduce(
      (bytes, point) => bytes + pointBytes(point),
      OPERATION_OVERHEAD_BYTES,
    );
  }
  const writer = new BinaryWriter();
  writeOperation(writer, operation);
  return writer.finish().length;
}

function readEntry(reader: BinaryReader): Entry {
  let operationId: string | undefined;
  let timeMs = 0;
  const operations: PointOperation[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ENTRY_OPERATION_ID) operationId = readText(reader);
    else if (tag === ENTRY_TIME_MS) timeMs = readInteger(reader);
    else if (tag === ENTRY_OPERATION) operations.push(readOperation(reader));
    else refuseField(tag);
  }
  assertEnded(reader, reader.len);
  if (operationId === undefined) throw corrupt('an entry without an operation id');
  return { operationId, timeMs, operations };
}

function writeOperation(writer: BinaryWriter, operation: PointOperation): void {
  writer.uint32(ENTRY_OPERATION).fork();
  writer.uint32(OPERATION_KIND).uint32(KINDS.indexOf(operation.kind) + 1);
  if (operation.kind === 'upsert') {
    for (const point of operation.points) writePoint(writer, OPERATION_POINT, point);
  } else {
    writeSelector(writer, operation.selector);
  }
  if (operation.kind === 'setPayload' || operation.kind === 'overwritePayload') {
    writer.uint32(OPERATION_PAYLOAD).bytes(jsonToBytes(operation.payload));
  }
  if (operation.kind === 'setPayload' && operation.key !== undefined) {
    writer.uint32(OPERATION_KEY).string(operation.key);
  }
  if (operation.kind === 'deletePayload') {
    for (const key of operation.keys) writer.uint32(OPERATION_KEYS).string(key);
  }
  writer.join();
}

interface OperationFields {
  kind: number;
  points: Point[];
  selector: PointSelector | undefined;
  payload: JsonObject | undefined;
  key: string | undefined;
  keys: string[];
}

function readOperation(reader: BinaryReader): PointOperation {
  const end = messageEnd(reader);
  const fields: OperationFields = {
    kind: 0,
    points: [],
    selector: undefined,
    payload: undefined,
    key: undefined,
    keys: [],
  };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === OPERATION_POINT) fields.points.push(readPoint(reader));
    else if (tag === OPERATION_KIND) fields.kind = reader.uint32();
    else if (tag === OPERATION_SELECTOR) fields.selector = readSelector(reader);
    else if (tag === OPERATION_PAYLOAD) fields.payload = objectFromBytes(reader.bytes());
    else if (tag === OPERATION_KEY) fields.key = readText(reader);
    else if (tag === OPERATION_KEYS) fields.keys.push(readText(reader));
    else refuseField(tag);
  }
  assertEnded(reader, end);
  return operationOf(fields);
}

/** Refuses fields that the kind has no use for: a writer that sends them means something this version does not do. */
function operationOf(fields: OperationFields): PointOperation {
  const { points, selector, payload, key, keys } = fields;
  const kind = KINDS[fields.kind - 1];
  if (kind === undefined) throw corrupt(`unknown kind of operation ${fields.kind}`);
  const takesPayload = kind === 'setPayload' || kind === 'overwritePayload';
  if (kind !== 'upsert' && points.length > 0) throw corrupt(`${kind} with points`);
  if (kind !== 'deletePayload' && keys.length > 0) throw corrupt(`${kind} with keys`);
  if (kind !== 'setPayload' && key !== undefined) throw corrupt(`${kind} with a key`);
  if (!takesPayload && payload !== undefined) throw corrupt(`${kind} with a payload`);
  if (kind === 'upsert') {
    if (selector !== undefined) throw corrupt('upsert with a selector');
    return { kind, points };
  }
  if (selector === undefined) throw corrupt(`${kind} without a selector`);
  if (kind === 'delete' || kind === 'clearPayload') return { kind, selector };
  if (kind === 'deletePayload') return { kind, selector, keys };
  if (payload === undefined) throw corrupt(`${kind} without a payload`);
  if (kind === 'overwritePayload') return { kind, selector, payload };
  return key === undefined ? { kind, selector, payload } : { kind, selector, payload, key };
}

function writeSelector(writer: BinaryWriter, selector: PointSelector): void {
  writer.uint32(OPERATION_SELECTOR).fork();
  if (selector.kind === 'ids') {
    for (const id of selector.ids) writeId(writer, SELECTOR_ID, id);
  } else {
    writer.uint32(SELECTOR_FILTER).bytes(filterToBytes(selector.filter));
  }
  writer.join();
}

function readSelector(reader: BinaryReader): PointSelector {
  const end = messageEnd(reader);
  const ids: PointId[] = [];
  let filter: Filter | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === SELECTOR_ID) ids.push(readId(reader));
    else if (tag === SELECTOR_FILTER) filter = filterFromBytes(reader.bytes());
    else refuseField(tag);
  }
  assertEnded(reader, end);
  if (filter === undefined) return { kind: 'ids', ids };
  if (ids.length > 0) throw corrupt('a selector with both ids and a filter');
  return { kind: 'filter', filter };
}
