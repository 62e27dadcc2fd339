// Points and their vectors as bytes. A vector is its float32 values, little endian, as they lie in memory, or where
// they have a shorter form those half floats or bytes; a sparse one has its u32 indices beside them, a multi vector the
// size of its rows.

import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  compactDatatypeOf,
  isDense,
  isSparse,
  type NamedVectors,
  NO_PAYLOAD,
  type Point,
  type PointId,
  type VectorValue,
  valuesFromBytes,
  valuesToBytes,
} from '@tributary/model';
import {
  assertEnded,
  corrupt,
  lengthTag,
  messageEnd,
  readId,
  readText,
  refuseField,
  varintTag,
  writeId,
} from './field.ts';

const POINT_ID = lengthTag(1);
const POINT_PAYLOAD = lengthTag(2);
const POINT_VECTOR = lengthTag(3);
const VECTOR_NAME = lengthTag(1);
const VECTOR_VALUES = lengthTag(2);
const VECTOR_INDICES = lengthTag(3);
const VECTOR_ROW_SIZE = varintTag(4);
const VECTOR_HALVES = lengthTag(5);
const VECTOR_BYTES = lengthTag(6);

/** Tag and length of a field at most, for lengths below 2^28. */
const FIELD_OVERHEAD = 5;
const ID_BYTES_MAX = 17;

/** Copies of values that are not aligned where they lie share one; one this large goes back to the system. */
const SLAB_BYTES = 256 * 1024;
let slab = new ArrayBuffer(0);
let slabUsed = 0;

/** Upper bound of the bytes the point takes in an entry; within 40 bytes of them. */
export function pointBytes(point: Point): number {
  let bytes = 3 * FIELD_OVERHEAD + ID_BYTES_MAX + point.payload.length;
  for (const name in point.vectors) {
    const vector = point.vectors[name];
    if (vector === undefined) continue;
    bytes += 3 * FIELD_OVERHEAD + 3 * name.length + vectorBytes(vector);
  }
  return bytes;
}

function vectorBytes(vector: VectorValue): number {
  if (isDense(vector)) return valueBytes(vector);
  const bytes = isSparse(vector)
    ? vector.indices.byteLength + valueBytes(vector.values)
    : valueBytes(vector.rows);
  return FIELD_OVERHEAD + bytes;
}

function valueBytes(values: Float32Array): number {
  switch (compactDatatypeOf(values)) {
    case undefined:
      return values.byteLength;
    case 'float16':
      return values.byteLength / 2;
    case 'uint8':
      return values.length;
  }
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
  const vectors: [string, VectorValue][] = [];
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
    if (vector !== undefined) writeVector(writer, tag, name, vector);
  }
}

export function writeVector(
  writer: BinaryWriter,
  tag: number,
  name: string,
  vector: VectorValue,
): void {
  writer.uint32(tag).fork();
  if (name !== '') writer.uint32(VECTOR_NAME).string(name);
  if (isDense(vector)) {
    writeValues(writer, vector);
  } else if (isSparse(vector)) {
    writeValues(writer, vector.values);
    writer.uint32(VECTOR_INDICES).bytes(indicesToBytes(vector.indices));
  } else {
    writeValues(writer, vector.rows);
    writer.uint32(VECTOR_ROW_SIZE).uint32(vector.size);
  }
  writer.join();
}

function writeValues(writer: BinaryWriter, values: Float32Array): void {
  const datatype = compactDatatypeOf(values);
  if (datatype === undefined) writer.uint32(VECTOR_VALUES).bytes(vectorToBytes(values));
  else {
    const tag = datatype === 'uint8' ? VECTOR_BYTES : VECTOR_HALVES;
    writer.uint32(tag).bytes(valuesToBytes(values, datatype));
  }
}

export function readVector(reader: BinaryReader): [string, VectorValue] {
  const end = messageEnd(reader);
  let name = '';
  let values: Float32Array | undefined;
  let indices: Uint32Array | undefined;
  let size: number | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === VECTOR_NAME) name = readText(reader);
    else if (tag === VECTOR_VALUES) values = vectorFromBytes(reader.bytes());
    else if (tag === VECTOR_HALVES) values = halvesFromBytes(reader.bytes());
    else if (tag === VECTOR_BYTES) values = valuesFromBytes(reader.bytes(), 'uint8');
    else if (tag === VECTOR_INDICES) indices = indicesFromBytes(reader.bytes());
    else if (tag === VECTOR_ROW_SIZE) size = reader.uint32();
    else refuseField(tag);
  }
  assertEnded(reader, end);
  if (values === undefined) throw corrupt('a vector without values');
  if (indices === undefined) return [name, size === undefined ? values : { size, rows: values }];
  if (size !== undefined) throw corrupt('a vector that is both sparse and of rows');
  return [name, { indices, values }];
}

/** Own properties for all names; the one unnamed vector, by far the most frequent, keeps one shape. */
export function namedVectors(entries: readonly [string, VectorValue][]): NamedVectors {
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
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : alignedCopy(bytes);
  return new Float32Array(buffer, byteOffset, bytes.length / 4);
}

/**
 * Three of four vectors in a message are not aligned. Copied one by one, a large answer would leave the allocator
 * thousands of small gaps, which it does not give back; a slab goes back as a whole.
 */
function alignedCopy(bytes: Uint8Array): Uint8Array {
  if (bytes.length > SLAB_BYTES / 4) return new Uint8Array(bytes);
  if (slabUsed + bytes.length > slab.byteLength) {
    slab = new ArrayBuffer(SLAB_BYTES);
    slabUsed = 0;
  }
  const copy = new Uint8Array(slab, slabUsed, bytes.length);
  copy.set(bytes);
  slabUsed += bytes.length;
  return copy;
}

function halvesFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.length % 2 !== 0) throw corrupt(`${bytes.length} bytes are not half floats`);
  return valuesFromBytes(bytes, 'float16');
}

/** The memory of the indices itself. */
export function indicesToBytes(indices: Uint32Array): Uint8Array {
  return new Uint8Array(indices.buffer, indices.byteOffset, indices.byteLength);
}

/** A view where the bytes are aligned to 4, else a copy. Throws `corrupt` unless they are a multiple of 4. */
export function indicesFromBytes(bytes: Uint8Array): Uint32Array {
  if (bytes.length % 4 !== 0) throw corrupt(`${bytes.length} bytes are not u32 indices`);
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : alignedCopy(bytes);
  return new Uint32Array(buffer, byteOffset, bytes.length / 4);
}
