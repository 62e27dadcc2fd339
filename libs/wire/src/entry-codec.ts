// The bytes of an entry of the write stream; proto/entry.proto describes them.
//
//   u8 feature level ─ u32 LE CRC32C of level and body ─ protobuf body
//
// The level is what a reader must know. Any later one keeps the first five bytes, so an older reader can tell an entry
// of the future, which it must not pass over, from a damaged one.
//
// Invariant: decodeEntry(encodeEntry(e)) equals e, and decoding throws nothing but a TributaryError.

import { BinaryReader } from '@bufbuild/protobuf/wire';
import { crc32c } from '@node-rs/crc32';
import { type Entry, entryLevel, FEATURE_LEVEL, type PointOperation } from '@tributary/model';
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

/** `level` is only given to make what a later version writes. */
export function encodeEntry(entry: Entry, level = entryLevel(entry)): Uint8Array {
  assert(entry.operationId.length <= OPERATION_ID_LENGTH_MAX, 'an operation id is short');
  const bytes = written((writer) => {
    writer.raw(new Uint8Array(HEADER_BYTES));
    writeText(writer, 1, entry.operationId);
    writeInteger(writer, 2, entry.timeMs);
    for (const operation of entry.operations) writeOperation(writer, ENTRY_OPERATION, operation);
    if (entry.isCut === true) writer.uint32(ENTRY_CUT).uint32(CUT_OF_STATE);
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(0, level);
  view.setUint32(1, checksumOf(bytes), true);
  return bytes;
}

/**
 * Payloads and, where aligned, vectors are views into `bytes`.
 * Errors: `precondition_failed` (an entry of a feature level of the future), `corrupt` (anything else that is wrong).
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  return decoding('entry', () => {
    if (bytes.length < HEADER_BYTES) throw corrupt(`an entry of ${bytes.length} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(1, true) !== checksumOf(bytes))
      throw corrupt('an entry with a wrong checksum');
    const level = entryLevelOf(bytes);
    if (level < 1) throw corrupt('an entry without a feature level');
    if (level > FEATURE_LEVEL) {
      throw new TributaryError(
        'precondition_failed',
        `the entry takes feature level ${level}, this version knows ${FEATURE_LEVEL}: start a newer version`,
      );
    }
    return readEntry(new BinaryReader(bytes.subarray(HEADER_BYTES)));
  });
}

/** The feature level that reading an encoded entry takes; 0 for no bytes. */
export function entryLevelOf(bytes: Uint8Array): number {
  return bytes[0] ?? 0;
}

function checksumOf(bytes: Uint8Array): number {
  return crc32c(bytes.subarray(HEADER_BYTES), crc32c(bytes.subarray(0, 1)));
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
