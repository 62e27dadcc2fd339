// The bytes of an entry of the write stream; proto/entry.proto describes them.
//
//   u8 format version ─ u32 LE CRC32C of the body ─ protobuf body
//
// Invariant: decodeEntry(encodeEntry(e)) equals e, and decoding throws nothing but a TributaryError.

import { BinaryReader } from '@bufbuild/protobuf/wire';
import { crc32c } from '@node-rs/crc32';
import type { Entry, PointOperation } from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import {
  assertEnded,
  corrupt,
  decoding,
  lengthTag,
  readInteger,
  readText,
  refuseField,
  varintTag,
  writeInteger,
  writeText,
} from './field.ts';
import { written } from './kept-writer.ts';
import { readOperation, writeOperation } from './operation-codec.ts';

const FORMAT_VERSION = 1;

/** Bytes of an entry beside its operations, at most. */
export const ENTRY_OVERHEAD_BYTES = 256;

const HEADER_BYTES = 5;
const OPERATION_ID_LENGTH_MAX = 64;

const ENTRY_OPERATION_ID = lengthTag(1);
const ENTRY_TIME_MS = varintTag(2);
const ENTRY_OPERATION = lengthTag(3);
const ENTRY_CUT = varintTag(4);
/** The only kind of cut there is. */
const CUT_OF_STATE = 1;

export function encodeEntry(entry: Entry): Uint8Array {
  assert(entry.operationId.length <= OPERATION_ID_LENGTH_MAX, 'an operation id is short');
  const bytes = written((writer) => {
    writer.raw(new Uint8Array(HEADER_BYTES));
    writeText(writer, 1, entry.operationId);
    writeInteger(writer, 2, entry.timeMs);
    for (const operation of entry.operations) writeOperation(writer, ENTRY_OPERATION, operation);
    if (entry.isCut === true) writer.uint32(ENTRY_CUT).uint32(CUT_OF_STATE);
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(0, FORMAT_VERSION);
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
    if (version !== FORMAT_VERSION) {
      throw new TributaryError('precondition_failed', `unknown entry format version ${version}`);
    }
    if (bytes.length < HEADER_BYTES) throw corrupt(`an entry of ${bytes.length} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const body = bytes.subarray(HEADER_BYTES);
    if (view.getUint32(1, true) !== crc32c(body)) throw corrupt('an entry with a wrong checksum');
    return readEntry(new BinaryReader(body));
  });
}

function readEntry(reader: BinaryReader): Entry {
  let operationId: string | undefined;
  let timeMs = 0;
  const operations: PointOperation[] = [];
  let isCut = false;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ENTRY_OPERATION_ID) operationId = readText(reader);
    else if (tag === ENTRY_TIME_MS) timeMs = readInteger(reader);
    else if (tag === ENTRY_OPERATION) operations.push(readOperation(reader));
    else if (tag === ENTRY_CUT) isCut = readCut(reader);
    else refuseField(tag);
  }
  assertEnded(reader, reader.len);
  if (operationId === undefined) throw corrupt('an entry without an operation id');
  if (isCut && operations.length > 0) throw corrupt('a cut with operations');
  return { operationId, timeMs, operations, ...(isCut && { isCut }) };
}

function readCut(reader: BinaryReader): true {
  const kind = reader.uint32();
  if (kind !== CUT_OF_STATE) {
    throw new TributaryError('precondition_failed', `unknown kind of cut ${kind}`);
  }
  return true;
}
