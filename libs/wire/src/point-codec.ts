// Points and their vectors as bytes. A vector is its float32 values, little endian, as they lie in memory.

import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type NamedVectors, NO_PAYLOAD, type Point, type PointId } from '@tributary/model';
import {
  assertEnded,
  corrupt,
  lengthTag,
  messageEnd,
  readId,
  readText,
  refuseField,
  writeId,
} from './field.ts';

const POINT_ID = lengthTag(1);
const POINT_PAYLOAD = lengthTag(2);
const POINT_VECTOR = lengthTag(3);
const VECTOR_NAME = lengthTag(1);
const VECTOR_VALUES = lengthTag(2);

/** Tag and length of a field at most, for lengths below 2^28. */
const FIELD_OVERHEAD = 5;
const ID_BYTES_MAX = 17;

/** Upper bound of the bytes the point takes in an entry; within 40 bytes of them. */
export function pointBytes(point: Point): number {
  let bytes = 3 * FIELD_OVERHEAD + ID_BYTES_MAX + point.payload.length;
  for (const name in point.vectors) {
    const vector = point.vectors[name];
    if (vector === undefined) continue;
    bytes += 3 * FIELD_OVERHEAD + 3 * name.length + vector.byteLength;
  }
  return bytes;
}

export function writePoint(writer: BinaryWriter, tag: number, point: Point): void {
  writer.uint32(tag).fork();
  writeId(writer, POINT_ID, point.id);
  if (point.payload.length > 0) writer.uint32(POINT_PAYLOAD).bytes(point.payload);
  writeVectors(writer, POINT_VECTOR, point.vectors);
  writer.join();
}

/** The payload and, where aligned, the vectors are views into the bytes read. */
export function readPoint(reader: BinaryReader): Point {
  const end = messageEnd(reader);
  let id: PointId | undefined;
  let payload = NO_PAYLOAD;
  const vectors: [string, Float32Array][] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === POINT_ID) id = readId(reader);
    else if (tag === POINT_PAYLOAD) payload = reader.bytes();
    else if (tag === POINT_VECTOR) vectors.push(readVector(reader));
    else refuseField(tag);
  }
  assertEnded(reader, end);
  if (id === undefined) throw corrupt('a point without an id');
  return { id, vectors: namedVectors(vectors), payload };
}

export function writeVectors(writer: BinaryWriter, tag: number, vectors: NamedVectors): void {
  for (const name in vectors) {
    const vector = vectors[name];
    if (vector === undefined) continue;
    writer.uint32(tag).fork();
    if (name !== '') writer.uint32(VECTOR_NAME).string(name);
    writer.uint32(VECTOR_VALUES).bytes(vectorToBytes(vector));
    writer.join();
  }
}

export function readVector(reader: BinaryReader): [string, Float32Array] {
  const end = messageEnd(reader);
  let name = '';
  let values: Float32Array | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === VECTOR_NAME) name = readText(reader);
    else if (tag === VECTOR_VALUES) values = vectorFromBytes(reader.bytes());
    else refuseField(tag);
  }
  assertEnded(reader, end);
  if (values === undefined) throw corrupt('a vector without values');
  return [name, values];
}

/** Own properties whatever the names are; the one unnamed vector, by far the most frequent, keeps one shape. */
export function namedVectors(entries: readonly [string, Float32Array][]): NamedVectors {
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && first[0] === '') return { '': first[1] };
  return Object.fromEntries(entries);
}

/** The memory of the vector itself. */
export function vectorToBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** A view where the bytes are aligned to 4, else a copy. Throws `corrupt` unless they are a multiple of 4. */
export function vectorFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) throw corrupt(`${bytes.length} bytes are not float32 values`);
  if (bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  const copy = new Float32Array(bytes.length / 4);
  vectorToBytes(copy).set(bytes);
  return copy;
}
