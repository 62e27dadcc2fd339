// Payloads between protobuf and JSON. The generated codecs leave each entry of a `map<string, Value>` as bytes; this
// reads and writes them without an object for every value in between. Field numbers are those of qdrant.Value:
//   1 null, 2 double, 3 integer, 4 string, 5 bool, 6 struct, 7 list

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { JsonObject, JsonValue, PayloadBytes } from '@tributary/model';
import { JSON_DEPTH_MAX, NO_PAYLOAD, payloadFromBytes, payloadToBytes } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { formatError } from '../errors.ts';

const KEY = 10;
const ENTRY_VALUE = 18;
const NULL = 8;
const DOUBLE = 17;
const INTEGER = 24;
const STRING = 34;
const BOOL = 40;
const STRUCT = 50;
const LIST = 58;
/** Field 1 of a struct (its entries) and of a list (its values). */
const ITEM = 10;

const I64_MAX = 2n ** 63n - 1n;

/** The payload that the entries of a map make. */
export function payloadOfEntries(entries: readonly Uint8Array[]): PayloadBytes {
  return entries.length === 0 ? NO_PAYLOAD : payloadToBytes(objectOfEntries(entries));
}

export function objectOfEntries(entries: readonly Uint8Array[]): JsonObject {
  try {
    return objectOf(
      entries.map((bytes) => {
        const reader = new BinaryReader(bytes);
        return readEntry(reader, reader.len, 1);
      }),
    );
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    throw formatError('payload: malformed protobuf');
  }
}

export function entriesOfPayload(payload: PayloadBytes): Uint8Array[] {
  return payload.length === 0 ? [] : entriesOfObject(payloadFromBytes(payload));
}

export function entriesOfObject(object: JsonObject): Uint8Array[] {
  return Object.entries(object).map(([key, value]) => {
    const writer = new BinaryWriter();
    writeEntry(writer, key, value);
    return writer.finish();
  });
}

type Entry = readonly [string, JsonValue];

/** Also where a key is `__proto__`, which must become a key like any other. */
function objectOf(entries: readonly Entry[]): JsonObject {
  return Object.fromEntries(entries);
}

function readEntry(reader: BinaryReader, end: number, depth: number): Entry {
  let key = '';
  let value: JsonValue = null;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === KEY) key = reader.string();
    else if (tag === ENTRY_VALUE) value = readValue(reader, endOfNext(reader), depth);
    else reader.skip(tag & 7);
  }
  return [key, value];
}

function readValue(reader: BinaryReader, end: number, depth: number): JsonValue {
  if (depth > JSON_DEPTH_MAX)
    throw formatError(`payload: nested deeper than ${JSON_DEPTH_MAX} levels`);
  let value: JsonValue = null;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case DOUBLE:
        value = readDouble(reader);
        break;
      case INTEGER:
        value = exactInteger(BigInt(reader.int64()));
        break;
      case STRING:
        value = reader.string();
        break;
      case BOOL:
        value = reader.bool();
        break;
      case STRUCT:
        value = objectOf(readItems(reader, endOfNext(reader), depth + 1, readEntry));
        break;
      case LIST:
        value = readItems(reader, endOfNext(reader), depth + 1, readValue);
        break;
      default:
        value = tag === NULL ? null : value;
        reader.skip(tag & 7);
    }
  }
  return value;
}

function readItems<T>(
  reader: BinaryReader,
  end: number,
  depth: number,
  read: (reader: BinaryReader, end: number, depth: number) => T,
): T[] {
  const items: T[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ITEM) items.push(read(reader, endOfNext(reader), depth));
    else reader.skip(tag & 7);
  }
  return items;
}

function readDouble(reader: BinaryReader): number {
  const value = reader.double();
  if (Number.isFinite(value)) return value;
  throw formatError('payload: numbers are finite');
}

function exactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Where the length-delimited field that comes next ends. */
function endOfNext(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}

function writeEntry(writer: BinaryWriter, key: string, value: JsonValue): void {
  writer.uint32(KEY).string(key).uint32(ENTRY_VALUE).fork();
  writeValue(writer, value);
  writer.join();
}

function writeValue(writer: BinaryWriter, value: JsonValue): void {
  if (value === null) writer.uint32(NULL).int32(0);
  else if (typeof value === 'string') writer.uint32(STRING).string(value);
  else if (typeof value === 'boolean') writer.uint32(BOOL).bool(value);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'bigint') {
    // A payload integer above 2^63 - 1 has no integer form in protobuf.
    if (value > I64_MAX) writer.uint32(DOUBLE).double(Number(value));
    else writer.uint32(INTEGER).int64(value);
  } else if (isList(value)) {
    writer.uint32(LIST).fork();
    for (const item of value) {
      writer.uint32(ITEM).fork();
      writeValue(writer, item);
      writer.join();
    }
    writer.join();
  } else {
    writer.uint32(STRUCT).fork();
    for (const key in value) {
      writer.uint32(ITEM).fork();
      writeEntry(writer, key, value[key] ?? null);
      writer.join();
    }
    writer.join();
  }
}

function writeNumber(writer: BinaryWriter, value: number): void {
  if (Number.isSafeInteger(value)) writer.uint32(INTEGER).int64(value);
  else writer.uint32(DOUBLE).double(value);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
