// Payloads from JSON to protobuf: each entry of a `map<string, Value>` as the bytes that the generated codecs copy.

import {
  type JsonObject,
  type JsonValue,
  type PayloadBytes,
  payloadFromBytes,
  WholeFloat,
} from '@tributary/model';
import { BackwardWriter } from './backward-writer.ts';
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

const I64_MAX = 2n ** 63n - 1n;

const writer = new BackwardWriter();

export function entriesOfPayload(payload: PayloadBytes): Uint8Array[] {
  return payload.length === 0 ? [] : entriesOfObject(payloadFromBytes(payload));
}

/** In the order of the keys. */
export function entriesOfObject(object: JsonObject): Uint8Array[] {
  const keys = Object.keys(object);
  const ends: number[] = [];
  writer.reset();
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] ?? '';
    ends.push(writer.length);
    writeEntry(key, object[key] ?? null);
  }
  const bytes = writer.finish();
  // What was written first lies last.
  let start = 0;
  return keys.map((_, i) => {
    const end = bytes.length - (ends[keys.length - 1 - i] ?? 0);
    const entry = bytes.subarray(start, end);
    start = end;
    return entry;
  });
}

function writeEntry(key: string, value: JsonValue): void {
  const before = writer.length;
  writeValue(value);
  writer.varint(writer.length - before);
  writer.tag(ENTRY_VALUE);
  writer.string(key);
  writer.tag(KEY);
}

function writeValue(value: JsonValue): void {
  if (typeof value === 'string') {
    writer.string(value);
    writer.tag(STRING);
  } else if (typeof value === 'number') {
    writeNumber(value);
  } else if (typeof value === 'boolean') {
    writer.varint(value ? 1 : 0);
    writer.tag(BOOL);
  } else if (value === null) {
    writer.varint(0);
    writer.tag(NULL);
  } else if (typeof value === 'bigint') {
    writeBigInt(value);
  } else if (value instanceof WholeFloat) {
    writer.double(value.value);
    writer.tag(DOUBLE);
  } else {
    writeContainer(value);
  }
}

function writeNumber(value: number): void {
  if (!Number.isSafeInteger(value)) {
    writer.double(value);
    writer.tag(DOUBLE);
    return;
  }
  if (value >= 0) writer.varint(value);
  else writer.int64(BigInt(value));
  writer.tag(INTEGER);
}

function writeBigInt(value: bigint): void {
  // A payload integer above 2^63 - 1 has no integer form in protobuf.
  if (value > I64_MAX) {
    writer.double(Number(value));
    writer.tag(DOUBLE);
    return;
  }
  writer.int64(value);
  writer.tag(INTEGER);
}

function writeContainer(value: JsonObject | readonly JsonValue[]): void {
  const before = writer.length;
  if (isList(value)) {
    for (let i = value.length - 1; i >= 0; i--) writeItem(() => writeValue(value[i] ?? null));
  } else {
    for (const key of Object.keys(value).reverse()) {
      writeItem(() => writeEntry(key, value[key] ?? null));
    }
  }
  writer.varint(writer.length - before);
  writer.tag(isList(value) ? LIST : STRUCT);
}

function writeItem(write: () => void): void {
  const before = writer.length;
  write();
  writer.varint(writer.length - before);
  writer.tag(ITEM);
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}
