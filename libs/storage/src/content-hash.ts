// The content hash of a replica: the sum mod 2^256 of one SHA-256 digest a point. A sum needs no order, so it is kept
// incrementally: add the new digest, subtract the old one.

import { hash } from 'node:crypto';
import { pointIdToBytes, type StoredPoint } from '@tributary/model';

export const DIGEST_BYTES = 32;
const LIMBS = DIGEST_BYTES / 4;

/** Digest of what a point is: id, version, payload text, vectors by name in code-unit order. */
export function pointDigest(point: StoredPoint): Uint8Array {
  const names = Object.keys(point.vectors).sort();
  const parts: Uint8Array[] = [lengthPrefixed(pointIdToBytes(point.id))];
  const version = new Uint8Array(8);
  new DataView(version.buffer).setFloat64(0, point.version, true);
  parts.push(version, lengthPrefixed(point.payload));
  for (const name of names) {
    const vector = point.vectors[name];
    if (vector === undefined) continue;
    parts.push(lengthPrefixed(Buffer.from(name, 'utf8')));
    parts.push(lengthPrefixed(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)));
  }
  return hash('sha256', Buffer.concat(parts), 'buffer');
}

/** Accumulates digests; starts from a 64-digit hex state. */
export class ContentHash {
  readonly #limbs = new Uint32Array(LIMBS);

  constructor(hex: string = EMPTY_CONTENT_HASH) {
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

  #accumulate(digest: Uint8Array, sign: 1 | -1): void {
    const view = new DataView(digest.buffer, digest.byteOffset, DIGEST_BYTES);
    let carry = 0;
    for (let i = 0; i < LIMBS; i++) {
      const sum = (this.#limbs[i] ?? 0) + sign * view.getUint32(4 * i, true) + carry;
      this.#limbs[i] = sum >>> 0;
      carry = Math.floor(sum / 0x1_0000_0000);
    }
  }
}

export const EMPTY_CONTENT_HASH = '0'.repeat(2 * DIGEST_BYTES);

function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + bytes.length);
  new DataView(out.buffer).setUint32(0, bytes.length, true);
  out.set(bytes, 4);
  return out;
}
