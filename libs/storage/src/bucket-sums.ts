// The second level of the content hash: the points divided into 256 buckets by their ids, and for each bucket the sum
// mod 2^64 of the first 8 bytes of its points' digests. Where the content hashes of two replicas differ, the buckets
// that differ lead to the points that do, without reading all of them.

export const BUCKETS = 256;
const SUM_BYTES = 8;
export const BUCKET_SUMS_BYTES = BUCKETS * SUM_BYTES;

/** The bucket of a point: FNV-1a over the bytes of its id (`pointIdToBytes`), folded to one byte. */
export function bucketOf(idBytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of idBytes) hash = Math.imul(hash ^ byte, 0x01000193);
  const half = hash ^ (hash >>> 16);
  return (half ^ (half >>> 8)) & 0xff;
}

export class BucketSums {
  /** Low and high half of each bucket's sum in turn. */
  readonly #halves = new Uint32Array(2 * BUCKETS);

  add(idBytes: Uint8Array, digest: Uint8Array): void {
    this.#accumulate(idBytes, digest, 1);
  }

  subtract(idBytes: Uint8Array, digest: Uint8Array): void {
    this.#accumulate(idBytes, digest, -1);
  }

  /** A sum after the other, little-endian. */
  toBytes(): Buffer {
    const bytes = Buffer.alloc(BUCKET_SUMS_BYTES);
    for (const [i, half] of this.#halves.entries()) bytes.writeUInt32LE(half, 4 * i);
    return bytes;
  }

  #accumulate(idBytes: Uint8Array, digest: Uint8Array, sign: 1 | -1): void {
    const at = 2 * bucketOf(idBytes);
    const view = new DataView(digest.buffer, digest.byteOffset, SUM_BYTES);
    const low = (this.#halves[at] ?? 0) + sign * view.getUint32(0, true);
    this.#halves[at] = low;
    const carry = Math.floor(low / 0x1_0000_0000);
    this.#halves[at + 1] = (this.#halves[at + 1] ?? 0) + sign * view.getUint32(4, true) + carry;
  }
}

/** The buckets whose sums differ. */
export function differingBuckets(a: Uint8Array, b: Uint8Array): number[] {
  const differing: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const [from, to] = [bucket * SUM_BYTES, (bucket + 1) * SUM_BYTES];
    if (Buffer.compare(a.subarray(from, to), b.subarray(from, to)) !== 0) differing.push(bucket);
  }
  return differing;
}
