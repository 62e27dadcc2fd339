// The bytes of a store's records, little-endian. Each begins with its format and a CRC32C over its key and the rest, so
// neither a flipped bit nor a record under another's key is taken for true.
//
//   point    format u8, crc u32, version f64, vector count u16, crc of its vectors record u32, digest 32, payload
//   vectors  format u8, crc u32, count u16, then each: name length u16, name, value count u32, f32 values
//   state    format u8, crc u32, applied sequence f64, applied count f64, points f64, content hash 32

import { crc32c } from '@node-rs/crc32';
import { type NamedVectors, type Sequence, type StoredPoint, sequence } from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { DIGEST_BYTES, type ReplicaState } from '@tributary/storage';

const FORMAT = 1;
const CRC_AT = 1;
const BODY_AT = 5;
const POINT_HEAD_BYTES = BODY_AT + 8 + 2 + 4 + DIGEST_BYTES;
const STATE_BYTES = BODY_AT + 3 * 8 + DIGEST_BYTES;
const NAME_BYTES_MAX = 0xffff;

/** Sorts after every id. */
export const STATE_KEY = Buffer.of(0xff);
/** First key after the ids. */
export const IDS_END = Buffer.of(0x02);

export interface PointRecord {
  readonly version: Sequence;
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
      at = target.writeUInt32LE(vector.length, at + 2 + nameBytes);
      target.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), at);
      at += vector.byteLength;
    }
    return seal(key, target, at);
  }

  point(key: Uint8Array, point: StoredPoint, digest: Uint8Array, vectorsCrc: number): Buffer {
    const bytes = POINT_HEAD_BYTES + point.payload.length;
    const target = this.#reserve(bytes);
    let at = target.writeDoubleLE(point.version, BODY_AT);
    at = target.writeUInt16LE(Object.keys(point.vectors).length, at);
    at = target.writeUInt32LE(vectorsCrc, at);
    target.set(digest, at);
    target.set(point.payload, POINT_HEAD_BYTES);
    return seal(key, target, bytes);
  }

  state(state: ReplicaState): Buffer {
    const target = this.#reserve(STATE_BYTES);
    let at = target.writeDoubleLE(state.appliedSequence, BODY_AT);
    at = target.writeDoubleLE(state.appliedCount, at);
    at = target.writeDoubleLE(state.pointsCount, at);
    target.write(state.contentHash, at, 'hex');
    return seal(STATE_KEY, target, STATE_BYTES);
  }

  #reserve(bytes: number): Buffer {
    if (bytes > this.#buffer.length) this.#buffer = Buffer.alloc(2 ** Math.ceil(Math.log2(bytes)));
    return this.#buffer;
  }
}

/** Throws `corrupt` where the bytes are not what was written under `key`; `what` names the record in the message. */
export function decodePoint(key: Uint8Array, record: Buffer, what: () => string): PointRecord {
  check(key, record, POINT_HEAD_BYTES, what);
  return {
    version: sequence(record.readDoubleLE(BODY_AT)),
    vectorCount: record.readUInt16LE(BODY_AT + 8),
    vectorsCrc: record.readUInt32LE(BODY_AT + 10),
    digest: record.subarray(BODY_AT + 14, POINT_HEAD_BYTES),
    payload: record.subarray(POINT_HEAD_BYTES),
  };
}

export function decodeVectors(key: Uint8Array, record: Buffer, what: () => string): VectorsRecord {
  check(key, record, BODY_AT + 2, what);
  const vectors: Record<string, Float32Array> = {};
  let at = BODY_AT + 2;
  for (let left = record.readUInt16LE(BODY_AT); left > 0; left--) {
    const nameEnd = at + 2 + record.readUInt16LE(at);
    const name = record.toString('utf8', at + 2, nameEnd);
    const values = new Float32Array(record.readUInt32LE(nameEnd));
    at = nameEnd + 4;
    new Uint8Array(values.buffer).set(record.subarray(at, at + values.byteLength));
    at += values.byteLength;
    vectors[name] = values;
  }
  return { crc: crcOf(record), vectors };
}

export function decodeState(record: Buffer, what: () => string): ReplicaState {
  check(STATE_KEY, record, STATE_BYTES, what);
  return {
    appliedSequence: sequence(record.readDoubleLE(BODY_AT)),
    appliedCount: record.readDoubleLE(BODY_AT + 8),
    pointsCount: record.readDoubleLE(BODY_AT + 16),
    contentHash: record.toString('hex', BODY_AT + 24, STATE_BYTES),
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
    bytes += 6 + 3 * name.length + vector.byteLength;
  }
  return bytes;
}
