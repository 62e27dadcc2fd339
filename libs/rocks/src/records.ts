// The bytes of a store's records, little-endian. Each begins with its format and a CRC32C over its key and the rest, so
// neither a flipped bit nor a record under another's key is taken for true.
//
//   point    format u8, crc u32, version f64, vector count u16, crc of its vectors record u32, digest without the
//            version 32, stamp f64, origin length u8, origin, payload
//   vectors  format u8, crc u32, count u16, then each: name length u16, name, and one of
//              dense   value count u32, f32 values
//              sparse  0xffffffff u32, value count u32, u32 indices, f32 values
//              multi   0xfffffffe u32, row size u32, value count u32, f32 rows
//            of dense and multi, where 16 or more values have no others, the shorter forms
//              halves  0xfffffffd u32, row size u32 or 0 for dense, value count u32, f16 values
//              bytes   0xfffffffc u32, row size u32 or 0 for dense, value count u32, u8 values
//   tombstone  as a point without vectors and payload, under a key of its own
//   cut      format u8, crc u32, sequence f64, applied count f64, points f64, content hash 32, state hash 32, bucket
//            sums 2,048
//   state    format u8, crc u32, applied sequence f64, applied count f64, points f64, content hash 32, state hash 32,
//            bytes of payloads f64, tombstones f64, last stamp f64, as JSON text the payload schema, absent where it is
//            empty, or where there is a vector schema the list of both

import { crc32c } from '@node-rs/crc32';
import {
  compactDatatypeOf,
  isDense,
  isMulti,
  isSparse,
  type NamedVectors,
  NO_PAYLOAD,
  parseJson,
  payloadSchemaFromJson,
  type Sequence,
  type Stamp,
  type StoredDatatype,
  type StoredPoint,
  sequence,
  stamp,
  stringifyJson,
  type Tombstone,
  type VectorValue,
  valuesFromBytes,
  valuesToBytes,
  vectorSchemaFromJson,
} from '@tributary/model';
import { assert, messageOf, TributaryError } from '@tributary/runtime';
import { BUCKET_SUMS_BYTES, type Cut, DIGEST_BYTES, type ReplicaState } from '@tributary/storage';

const FORMAT = 3;
const CRC_AT = 1;
const BODY_AT = 5;
const STAMP_AT = BODY_AT + 8 + 2 + 4 + DIGEST_BYTES;
const ORIGIN_AT = STAMP_AT + 8 + 1;
const ORIGIN_BYTES_MAX = 0xff;
const HASHES_AT = BODY_AT + 3 * 8;
const STATE_BYTES = HASHES_AT + 2 * DIGEST_BYTES;
/** Behind the bytes of payloads, the tombstones and the last stamp, which a cut does not have. */
const SCHEMAS_AT = STATE_BYTES + 3 * 8;
const NAME_BYTES_MAX = 0xffff;
/** Stand where a dense vector has its count, which is never as large. */
const SPARSE_MARK = 0xffff_ffff;
const MULTI_MARK = 0xffff_fffe;
const HALVES_MARK = 0xffff_fffd;
const BYTES_MARK = 0xffff_fffc;

/** Sorts after every id. */
export const STATE_KEY = Buffer.of(0xff);
/** First key after the ids. */
export const IDS_END = Buffer.of(0x02);
const CUT_KEY_TAG = 0xfe;
export const TOMBSTONES_FROM = Buffer.of(0xfd);
/** First key after the tombstones. */
export const TOMBSTONES_END = Buffer.of(CUT_KEY_TAG);
export const CUTS_FROM = Buffer.of(CUT_KEY_TAG);
const CUT_BYTES = STATE_BYTES + BUCKET_SUMS_BYTES;

/** Sorts as the ids do. `idBytes` are those of the key of a point. */
export function tombstoneKey(idBytes: Uint8Array): Buffer {
  return Buffer.concat([TOMBSTONES_FROM, idBytes]);
}

/** Sorts by the sequence. */
export function cutKey(at: Sequence): Buffer {
  const key = Buffer.alloc(9);
  key[0] = CUT_KEY_TAG;
  key.writeBigUInt64BE(BigInt(at), 1);
  return key;
}

export interface PointRecord {
  readonly version: Sequence;
  readonly stamp: Stamp;
  readonly origin?: string;
  readonly vectorCount: number;
  readonly vectorsCrc: number;
  readonly digest: Buffer;
  readonly payload: Buffer;
}

export interface VectorsRecord {
  readonly crc: number;
  readonly vectors: NamedVectors;
}

/** Encodes into one buffer that each call overwrites; what it returns is valid until the next. */
export class RecordEncoder {
  #buffer = Buffer.alloc(16_384);

  /** Undefined where the point has no vectors. */
  vectors(key: Uint8Array, point: StoredPoint): Buffer | undefined {
    const names = Object.keys(point.vectors);
    if (names.length === 0) return undefined;
    const target = this.#reserve(vectorsBytesMax(point.vectors));
    let at = target.writeUInt16LE(names.length, BODY_AT);
    for (const name of names) {
      const vector = point.vectors[name];
      assert(vector !== undefined, 'a vector that has a name has values');
      const nameBytes = target.write(name, at + 2, 'utf8');
      assert(nameBytes <= NAME_BYTES_MAX, 'the name of a vector is at most 65,535 bytes');
      target.writeUInt16LE(nameBytes, at);
      at = writeVector(target, at + 2 + nameBytes, vector);
    }
    return seal(key, target, at);
  }

  tombstone(key: Uint8Array, tombstone: Tombstone, digest: Uint8Array): Buffer {
    return this.point(key, { ...tombstone, payload: NO_PAYLOAD, vectors: {} }, digest, 0);
  }

  point(key: Uint8Array, point: StoredPoint, digest: Uint8Array, vectorsCrc: number): Buffer {
    const { origin = '', payload } = point;
    const target = this.#reserve(ORIGIN_AT + 3 * origin.length + payload.length);
    let at = target.writeDoubleLE(point.version, BODY_AT);
    at = target.writeUInt16LE(Object.keys(point.vectors).length, at);
    at = target.writeUInt32LE(vectorsCrc, at);
    target.set(digest, at);
    target.writeDoubleLE(point.stamp, STAMP_AT);
    const originBytes = origin === '' ? 0 : target.write(origin, ORIGIN_AT, 'utf8');
    assert(originBytes <= ORIGIN_BYTES_MAX, 'the name of a region is at most 255 bytes');
    target[ORIGIN_AT - 1] = originBytes;
    target.set(payload, ORIGIN_AT + originBytes);
    return seal(key, target, ORIGIN_AT + originBytes + payload.length);
  }

  state(state: ReplicaState): Buffer {
    const schema = schemaText(state);
    const target = this.#reserve(SCHEMAS_AT + 3 * schema.length);
    let at = target.writeDoubleLE(state.appliedSequence, BODY_AT);
    at = target.writeDoubleLE(state.appliedCount, at);
    target.writeDoubleLE(state.pointsCount, at);
    at = writeHashes(target, state);
    at = target.writeDoubleLE(state.payloadBytes, at);
    at = target.writeDoubleLE(state.tombstonesCount, at);
    target.writeDoubleLE(state.lastStamp, at);
    const bytes = SCHEMAS_AT + target.write(schema, SCHEMAS_AT, 'utf8');
    return seal(STATE_KEY, target, bytes);
  }

  cut(key: Uint8Array, cut: Cut, buckets: Uint8Array): Buffer {
    const target = this.#reserve(CUT_BYTES);
    let at = target.writeDoubleLE(cut.sequence, BODY_AT);
    at = target.writeDoubleLE(cut.appliedCount, at);
    target.writeDoubleLE(cut.pointsCount, at);
    target.set(buckets, writeHashes(target, cut));
    return seal(key, target, CUT_BYTES);
  }

  #reserve(bytes: number): Buffer {
    if (bytes > this.#buffer.length) this.#buffer = Buffer.alloc(2 ** Math.ceil(Math.log2(bytes)));
    return this.#buffer;
  }
}

/** Throws `corrupt` where the bytes are not what was written under `key`; `what` names the record in the message. */
export function decodePoint(key: Uint8Array, record: Buffer, what: () => string): PointRecord {
  check(key, record, ORIGIN_AT, what);
  const payloadAt = ORIGIN_AT + (record[ORIGIN_AT - 1] ?? 0);
  return {
    version: sequence(record.readDoubleLE(BODY_AT)),
    vectorCount: record.readUInt16LE(BODY_AT + 8),
    vectorsCrc: record.readUInt32LE(BODY_AT + 10),
    digest: record.subarray(BODY_AT + 14, STAMP_AT),
    stamp: stamp(record.readDoubleLE(STAMP_AT)),
    ...(payloadAt > ORIGIN_AT && { origin: record.toString('utf8', ORIGIN_AT, payloadAt) }),
    payload: record.subarray(payloadAt),
  };
}

export function decodeVectors(key: Uint8Array, record: Buffer, what: () => string): VectorsRecord {
  check(key, record, BODY_AT + 2, what);
  const vectors: [string, VectorValue][] = [];
  let at = BODY_AT + 2;
  for (let left = record.readUInt16LE(BODY_AT); left > 0; left--) {
    const nameEnd = at + 2 + record.readUInt16LE(at);
    const name = record.toString('utf8', at + 2, nameEnd);
    const read = readVector(record, nameEnd);
    vectors.push([name, read.vector]);
    at = read.end;
  }
  return { crc: crcOf(record), vectors: Object.fromEntries(vectors) };
}

export function decodeState(record: Buffer, what: () => string): ReplicaState {
  check(STATE_KEY, record, SCHEMAS_AT, what);
  return {
    appliedSequence: sequence(record.readDoubleLE(BODY_AT)),
    appliedCount: record.readDoubleLE(BODY_AT + 8),
    pointsCount: record.readDoubleLE(BODY_AT + 16),
    ...readHashes(record),
    payloadBytes: record.readDoubleLE(STATE_BYTES),
    tombstonesCount: record.readDoubleLE(STATE_BYTES + 8),
    lastStamp: stamp(record.readDoubleLE(STATE_BYTES + 16)),
    ...readSchemas(record, what),
  };
}

/** With the cut's `BucketSums`. Throws `corrupt` as `decodePoint` does. */
export function decodeCut(
  key: Uint8Array,
  record: Buffer,
  what: () => string,
): { cut: Cut; buckets: Uint8Array } {
  check(key, record, CUT_BYTES, what);
  const cut = {
    sequence: sequence(record.readDoubleLE(BODY_AT)),
    appliedCount: record.readDoubleLE(BODY_AT + 8),
    pointsCount: record.readDoubleLE(BODY_AT + 16),
    ...readHashes(record),
  };
  return { cut, buckets: record.subarray(STATE_BYTES, CUT_BYTES) };
}

type Hashes = Pick<Cut, 'contentHash' | 'stateHash'>;

function writeHashes(target: Buffer, { contentHash, stateHash }: Hashes): number {
  target.write(contentHash, HASHES_AT, 'hex');
  target.write(stateHash, HASHES_AT + DIGEST_BYTES, 'hex');
  return STATE_BYTES;
}

function readHashes(record: Buffer): Hashes {
  const stateHashAt = HASHES_AT + DIGEST_BYTES;
  return {
    contentHash: record.toString('hex', HASHES_AT, stateHashAt),
    stateHash: record.toString('hex', stateHashAt, STATE_BYTES),
  };
}

/** The CRC that a sealed record carries. */
export function crcOf(record: Buffer): number {
  return record.readUInt32LE(CRC_AT);
}

function seal(key: Uint8Array, target: Buffer, bytes: number): Buffer {
  target[0] = FORMAT;
  const record = target.subarray(0, bytes);
  record.writeUInt32LE(checksum(key, record), CRC_AT);
  return record;
}

function check(key: Uint8Array, record: Buffer, bytesMin: number, what: () => string): void {
  const isSound =
    record.length >= bytesMin && record[0] === FORMAT && crcOf(record) === checksum(key, record);
  if (!isSound) throw new TributaryError('corrupt', `${what()}: its checksum does not match`);
}

function checksum(key: Uint8Array, record: Buffer): number {
  return crc32c(record.subarray(BODY_AT), crc32c(key));
}

function vectorsBytesMax(vectors: NamedVectors): number {
  let bytes = BODY_AT + 2;
  for (const [name, vector] of Object.entries(vectors)) {
    bytes += 6 + 3 * name.length + vectorBytes(vector);
  }
  return bytes;
}

function vectorBytes(vector: VectorValue): number {
  if (isDense(vector)) return 8 + vector.byteLength;
  if (isSparse(vector)) return 4 + vector.indices.byteLength + vector.values.byteLength;
  return 8 + vector.rows.byteLength;
}

function writeVector(target: Buffer, at: number, vector: VectorValue): number {
  const values = isDense(vector) ? vector : isSparse(vector) ? undefined : vector.rows;
  const datatype = values && compactDatatypeOf(values);
  if (values !== undefined && datatype !== undefined) {
    const rowSize = isMulti(vector) ? vector.size : 0;
    return writeCompact(target, at, { values, datatype, rowSize });
  }
  if (isDense(vector)) {
    return writeArray(target, target.writeUInt32LE(vector.length, at), vector);
  }
  if (isSparse(vector)) {
    const { indices, values } = vector;
    assert(indices.length === values.length, 'a sparse vector has a value an index');
    const countAt = target.writeUInt32LE(SPARSE_MARK, at);
    const indicesAt = target.writeUInt32LE(indices.length, countAt);
    return writeArray(target, writeArray(target, indicesAt, indices), values);
  }
  const sizeAt = target.writeUInt32LE(MULTI_MARK, at);
  const countAt = target.writeUInt32LE(vector.size, sizeAt);
  return writeArray(target, target.writeUInt32LE(vector.rows.length, countAt), vector.rows);
}

function writeCompact(
  target: Buffer,
  at: number,
  vector: { values: Float32Array; datatype: StoredDatatype; rowSize: number },
): number {
  const { values, datatype, rowSize } = vector;
  const sizeAt = target.writeUInt32LE(datatype === 'uint8' ? BYTES_MARK : HALVES_MARK, at);
  const countAt = target.writeUInt32LE(rowSize, sizeAt);
  const valuesAt = target.writeUInt32LE(values.length, countAt);
  const bytes = valuesToBytes(values, datatype);
  target.set(bytes, valuesAt);
  return valuesAt + bytes.length;
}

function writeArray(target: Buffer, at: number, array: Float32Array | Uint32Array): number {
  target.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
  return at + array.byteLength;
}

function readVector(record: Buffer, at: number): { vector: VectorValue; end: number } {
  const mark = record.readUInt32LE(at);
  if (mark === SPARSE_MARK) {
    const count = record.readUInt32LE(at + 4);
    const valuesAt = at + 8 + 4 * count;
    const indices = readArray(record, at + 8, new Uint32Array(count));
    const values = readArray(record, valuesAt, new Float32Array(count));
    return { vector: { indices, values }, end: valuesAt + 4 * count };
  }
  if (mark === MULTI_MARK) {
    const size = record.readUInt32LE(at + 4);
    const rows = readArray(record, at + 12, new Float32Array(record.readUInt32LE(at + 8)));
    return { vector: { size, rows }, end: at + 12 + rows.byteLength };
  }
  if (mark === HALVES_MARK || mark === BYTES_MARK) return readCompact(record, at, mark);
  const vector = readArray(record, at + 4, new Float32Array(mark));
  return { vector, end: at + 4 + vector.byteLength };
}

function readCompact(record: Buffer, at: number, mark: number) {
  const size = record.readUInt32LE(at + 4);
  const count = record.readUInt32LE(at + 8);
  const end = at + 12 + (mark === BYTES_MARK ? count : 2 * count);
  const datatype = mark === BYTES_MARK ? 'uint8' : 'float16';
  const rows = valuesFromBytes(record.subarray(at + 12, end), datatype);
  return { vector: size === 0 ? rows : { size, rows }, end };
}

function readArray<A extends Float32Array | Uint32Array>(record: Buffer, at: number, array: A): A {
  new Uint8Array(array.buffer).set(record.subarray(at, at + array.byteLength));
  return array;
}

function schemaText({ payloadSchema, vectorSchema }: ReplicaState): string {
  if (vectorSchema !== undefined) return stringifyJson([payloadSchema, vectorSchema]);
  return Object.keys(payloadSchema).length === 0 ? '' : stringifyJson(payloadSchema);
}

type Schemas = Pick<ReplicaState, 'payloadSchema' | 'vectorSchema'>;

function readSchemas(record: Buffer, what: () => string): Schemas {
  if (record.length === SCHEMAS_AT) return { payloadSchema: {} };
  try {
    const json = parseJson(record.toString('utf8', SCHEMAS_AT));
    if (!Array.isArray(json)) return { payloadSchema: payloadSchemaFromJson(json) };
    const [payloads = null, vectors = null] = json;
    return {
      payloadSchema: payloadSchemaFromJson(payloads),
      vectorSchema: vectorSchemaFromJson(vectors),
    };
  } catch (cause) {
    throw new TributaryError('corrupt', `${what()}: ${messageOf(cause)}`, { cause });
  }
}
