// The small steps that every codec here is made of. Reading is total: for any bytes, a decoder returns a
// value or throws a TributaryError; `decoding` turns what the protobuf reader and the constructors throw into one.

import { type BinaryReader, type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type PointId, pointIdFromBytes, pointIdToBytes } from '@tributary/model';
import { messageOf, TributaryError } from '@tributary/runtime';

export function varintTag(field: number): number {
  return (field << 3) | WireType.Varint;
}

export function lengthTag(field: number): number {
  return (field << 3) | WireType.LengthDelimited;
}

/** Runs a decoder; anything it throws that is not a TributaryError becomes `corrupt`. */
export function decoding<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    throw corrupt(`${what}: ${messageOf(error)}`, error);
  }
}

export function corrupt(message: string, cause?: unknown): TributaryError {
  return new TributaryError('corrupt', message, { cause });
}

/** Reads the length of an embedded message and returns the position it ends at. */
export function messageEnd(reader: BinaryReader): number {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw corrupt('a message is longer than its bytes');
  return end;
}

/** Holds when the fields of a message ended where the message does. */
export function assertEnded(reader: BinaryReader, end: number): void {
  if (reader.pos !== end) throw corrupt('a field is longer than its message');
}

export function refuseField(tag: number): never {
  throw corrupt(`unknown field ${tag >>> 3} with wire type ${tag & 7}`);
}

/** Skips the value of a field that a later version may have added. */
export function skipField(reader: BinaryReader, tag: number): void {
  reader.skip(tag & 7, tag >>> 3);
}

export function readText(reader: BinaryReader): string {
  return reader.string(true);
}

export function writeId(writer: BinaryWriter, tag: number, id: PointId): void {
  writer.uint32(tag).bytes(pointIdToBytes(id));
}

export function readId(reader: BinaryReader): PointId {
  return pointIdFromBytes(reader.bytes());
}

export function writeInteger(writer: BinaryWriter, field: number, value: number): void {
  writer.uint32(varintTag(field)).uint64(value);
}

/** A u64 varint that fits a safe integer. */
export function readInteger(reader: BinaryReader): number {
  const value = Number(reader.uint64());
  if (!Number.isSafeInteger(value)) throw corrupt('an integer is out of range');
  return value;
}

export function writeText(writer: BinaryWriter, field: number, value: string): void {
  writer.uint32(lengthTag(field)).string(value);
}
