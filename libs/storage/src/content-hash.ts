// The hashes of a replica: the sum mod 2^256 of one digest a record. A sum needs no order, so it is kept incrementally:
// add the new digest, subtract the old one.
//
//   record ──SHA-256──► its digest ──with its version──► its content digest
//                          │                                 │
//                      state hash                       content hash
//
// The version is a sequence of one log, so it is left to the last step: a record is read once for both.

import { hash } from 'node:crypto';
import {
  isDense,
  isSparse,
  pointIdToBytes,
  type Sequence,
  type Stamp,
  type StoredPoint,
  type Tombstone,
  type VectorValue,
} from '@tributary/model';

export const DIGEST_BYTES = 32;
export const EMPTY_HASH = '0'.repeat(2 * DIGEST_BYTES);

const LIMBS = DIGEST_BYTES / 4;
const LIMB_RANGE = 0x1_0000_0000;
const SCRATCH_BYTES_MAX = 1 << 20;
const SPARSE_MARK = 0xffff_ffff;
const MULTI_MARK = 0xffff_fffe;
/** Stands where a point has the length of its payload, which is never as large. */
const TOMBSTONE_MARK = 0xffff_ffff;
/** 2^32 divided by the golden ratio, odd: spreads small numbers over all bits. */
const GOLDEN_STEP = 0x9e37_79b9;

// One vector is written at a time and `hash` takes its input whole, so one buffer serves every digest.
let scratch = Buffer.alloc(16_384);

/**
 * Digest of what a point is: id, stamp, origin, payload text, vectors by name in code-unit order. `idBytes` spares a
 * second encoding where the caller has one.
 *
 * Canonical bytes, integers little-endian: u32 length + id, f64 stamp, u32 length + origin in UTF-8 (none for the own
 * region), u32 length + payload, then for each vector u32 length + name in UTF-8, then its values: dense
 * u32 length + f32 values; sparse u32 0xffffffff, u32 length + u32 indices, u32 length + f32 values; multi u32
 * 0xfffffffe, u32 row size, u32 length + f32 rows. No length is as large as those two marks, so no two points have the
 * same bytes.
 */
export function pointDigest(
  point: StoredPoint,
  idBytes: Uint8Array = pointIdToBytes(point.id),
): Buffer {
  const names = Object.keys(point.vectors).sort();
  const target = reserve(canonicalBytesMax(point, idBytes, names));
  let at = writePrefixed(target, writeHead(target, point, idBytes), point.payload);
  for (const name of names) {
    const vector = point.vectors[name];
    if (vector === undefined) continue;
    at = writeVector(target, writeText(target, at, name), vector);
  }
  return hash('sha256', target.subarray(0, at), 'buffer');
}

/** Digest of a tombstone: as of a point, with u32 0xffffffff in place of what follows the origin. */
export function tombstoneDigest(
  tombstone: Tombstone,
  idBytes: Uint8Array = pointIdToBytes(tombstone.id),
): Buffer {
  const target = reserve(headBytesMax(tombstone, idBytes));
  const at = target.writeUInt32LE(TOMBSTONE_MARK, writeHead(target, tombstone, idBytes));
  return hash('sha256', target.subarray(0, at), 'buffer');
}

/**
 * Digest of a record at its version. Each 32-bit limb of the record's digest is scrambled with a number that follows
 * from the version and the place of the limb. That finds faults; who forges a digest can as well forge the sum. SHA-256
 * once more would cost a fifth of a commit.
 */
export function contentDigest(digest: Uint8Array, version: Sequence): Buffer {
  const content = Buffer.allocUnsafe(DIGEST_BYTES);
  const view = new DataView(digest.buffer, digest.byteOffset, DIGEST_BYTES);
  const high = Math.floor(version / LIMB_RANGE);
  for (let i = 0; i < LIMBS; i++) {
    const salt = scrambled(version ^ scrambled(Math.imul(high * LIMBS + i + 1, GOLDEN_STEP)));
    content.writeUInt32LE(scrambled(view.getUint32(4 * i, true) ^ salt), 4 * i);
  }
  return content;
}

/** The last step of MurmurHash3 for 32 bits (Appleby): every bit of the result depends on all, and none is lost. */
function scrambled(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Accumulates digests; starts from a sum of 64 hex digits. */
export class DigestSum {
  readonly #limbs = new Uint32Array(LIMBS);

  constructor(hex: string = EMPTY_HASH) {
    if (!isHash(hex)) throw new RangeError(`not a hash: ${hex}`);
    const bytes = Buffer.from(hex, 'hex');
    for (let i = 0; i < LIMBS; i++) this.#limbs[i] = bytes.readUInt32LE(4 * i);
  }

  add(digest: Uint8Array): void {
    this.#accumulate(digest, 1);
  }

  subtract(digest: Uint8Array): void {
    this.#accumulate(digest, -1);
  }

  toString(): string {
    const bytes = Buffer.alloc(DIGEST_BYTES);
    for (let i = 0; i < LIMBS; i++) bytes.writeUInt32LE(this.#limbs[i] ?? 0, 4 * i);
    return bytes.toString('hex');
  }

  // A limb's sum lies in [-2^32, 2^33), so the carry is -1, 0 or 1 and rounding down gives it for both signs.
  #accumulate(digest: Uint8Array, sign: 1 | -1): void {
    const view = new DataView(digest.buffer, digest.byteOffset, DIGEST_BYTES);
    let carry = 0;
    for (let i = 0; i < LIMBS; i++) {
      const sum = (this.#limbs[i] ?? 0) + sign * view.getUint32(4 * i, true) + carry;
      this.#limbs[i] = sum;
      carry = Math.floor(sum / LIMB_RANGE);
    }
  }
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

type Head = { readonly stamp: Stamp; readonly origin?: string };

/** With the four bytes that follow it. */
function headBytesMax({ origin = '' }: Head, idBytes: Uint8Array): number {
  return 20 + 3 * origin.length + idBytes.length;
}

function writeHead(target: Buffer, { stamp, origin = '' }: Head, idBytes: Uint8Array): number {
  const stampAt = writePrefixed(target, 0, idBytes);
  return writeText(target, target.writeDoubleLE(stamp, stampAt), origin);
}

function canonicalBytesMax(
  point: StoredPoint,
  idBytes: Uint8Array,
  names: readonly string[],
): number {
  let bytes = headBytesMax(point, idBytes) + point.payload.length;
  for (const name of names) {
    // UTF-8 takes at most three bytes a code unit.
    bytes += 8 + 3 * name.length + vectorBytes(point.vectors[name]);
  }
  return bytes;
}

function vectorBytes(vector: VectorValue | undefined): number {
  if (vector === undefined) return 0;
  if (isDense(vector)) return vector.byteLength;
  if (isSparse(vector)) return 8 + vector.indices.byteLength + vector.values.byteLength;
  return 8 + vector.rows.byteLength;
}

function writeVector(target: Buffer, at: number, vector: VectorValue): number {
  if (isDense(vector)) return writePrefixed(target, at, bytesOf(vector));
  if (isSparse(vector)) {
    const indicesAt = target.writeUInt32LE(SPARSE_MARK, at);
    const valuesAt = writePrefixed(target, indicesAt, bytesOf(vector.indices));
    return writePrefixed(target, valuesAt, bytesOf(vector.values));
  }
  const sizeAt = target.writeUInt32LE(MULTI_MARK, at);
  return writePrefixed(target, target.writeUInt32LE(vector.size, sizeAt), bytesOf(vector.rows));
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function reserve(bytes: number): Buffer {
  if (bytes <= scratch.length) return scratch;
  const larger = Buffer.alloc(2 ** Math.ceil(Math.log2(bytes)));
  if (larger.length <= SCRATCH_BYTES_MAX) scratch = larger;
  return larger;
}

function writeText(target: Buffer, at: number, text: string): number {
  const length = text === '' ? 0 : target.write(text, at + 4, 'utf8');
  target.writeUInt32LE(length, at);
  return at + 4 + length;
}

function writePrefixed(target: Buffer, at: number, bytes: Uint8Array): number {
  const length = bytes.length;
  target.writeUInt32LE(length, at);
  target.set(bytes, at + 4);
  return at + 4 + length;
}
