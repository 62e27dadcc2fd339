// Payloads from protobuf to JSON. The generated codecs leave each entry of a `map<string, Value>` as bytes; this reads
// them without a message for every value in between.

import type { BinaryReader } from '@bufbuild/protobuf/wire';
import type { JsonObject, JsonValue, PayloadBytes } from '@tributary/model';
import { floatValue, JSON_DEPTH_MAX, NO_PAYLOAD, payloadToBytes } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { formatError } from '../errors.ts';
import { strictReader } from './strict-reader.ts';
import {
  BOOL,
  DOUBLE,
  ENTRY_VALUE,
  INTEGER,
  ITEM,
  KEY,
  LIST,
  NULL,
  STRING,
  STRUCT,
} from './value-tags.ts';

/** The payload that the entries of a map make. */
export function payloadOfEntries(entries: readonly Uint8Array[]): PayloadBytes {
  return entries.length === 0 ? NO_PAYLOAD : payloadToBytes(objectOfEntries(entries));
}

export function objectOfEntries(entries: readonly Uint8Array[], path = 'payload'): JsonObject {
  try {
    return objectOf(
      entries.map((bytes) => {
        const reader = strictReader(bytes);
        return readEntry(reader, reader.len, 1);
      }),
    );
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    throw formatError(`${path}: malformed protobuf`);
  }
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

function readDouble(reader: BinaryReader): JsonValue {
  const value = reader.double();
  if (Number.isFinite(value)) return floatValue(value);
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
