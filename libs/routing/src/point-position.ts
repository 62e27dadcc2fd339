// Which position a point has among a number of shards. Fixed for ever: a change would lose every point.
//
//   key      = FNV-1a, 64 bits, over the bytes of the id (`pointIdToBytes`: a tag, then the number big-endian or the
//              UUID)
//   position = jump consistent hash of the key (Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm")
//
// A 64-bit value is kept as two unsigned 32-bit halves in module state: no BigInt and no allocation a point.

import type { PointId } from '@tributary/model';
import { assert } from '@tributary/runtime';

let high = 0;
let low = 0;

/** From 0 to `shardNumber - 1`. */
export function positionOfPoint(id: PointId, shardNumber: number): number {
  assert(Number.isInteger(shardNumber) && shardNumber >= 1, 'a collection has at least one shard');
  if (shardNumber === 1) return 0;
  hashId(id);
  return jump(shardNumber);
}

function hashId(id: PointId): void {
  // The offset basis of FNV-1a, 0xcbf29ce484222325.
  high = 0xcbf29ce4;
  low = 0x84222325;
  if (typeof id === 'string') {
    hashByte(1);
    hashUuid(id);
    return;
  }
  hashByte(0);
  if (typeof id === 'bigint') {
    hashWord(Number(id >> 32n));
    hashWord(Number(id & 0xffff_ffffn));
  } else {
    hashWord(Math.floor(id / 0x1_0000_0000));
    hashWord(id >>> 0);
  }
}

/** Four bytes, the most significant first. */
function hashWord(word: number): void {
  hashByte(word >>> 24);
  hashByte((word >>> 16) & 0xff);
  hashByte((word >>> 8) & 0xff);
  hashByte(word & 0xff);
}

/** The 16 bytes of a UUID in its canonical text form. */
function hashUuid(text: string): void {
  let upper = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === HYPHEN) continue;
    const digit = code <= DIGIT_NINE ? code - DIGIT_ZERO : code - LETTER_A + 10;
    if (upper === -1) {
      upper = digit;
    } else {
      hashByte((upper << 4) | digit);
      upper = -1;
    }
  }
}

const HYPHEN = 0x2d;
const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;
const LETTER_A = 0x61;

/** One step of FNV-1a; the prime is 2^40 + 0x1b3. */
function hashByte(byte: number): void {
  low = (low ^ byte) >>> 0;
  const product = low * 0x1b3;
  high = (Math.imul(high, 0x1b3) + Math.floor(product / 0x1_0000_0000) + (low << 8)) >>> 0;
  low = product >>> 0;
}

function jump(buckets: number): number {
  let bucket = -1;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    nextKey();
    next = Math.floor((bucket + 1) * (0x8000_0000 / ((high >>> 1) + 1)));
  }
  return bucket;
}

/** key = key * 2862933555777941757 + 1 (0x27bb2ee687b0b0fd), the generator of the paper. */
function nextKey(): void {
  const partLow = low * 0xb0fd;
  const partHigh = low * 0x87b0 + Math.floor(partLow / 0x1_0000);
  const carried = Math.floor(partHigh / 0x1_0000);
  high = (carried + Math.imul(high, 0x87b0b0fd) + Math.imul(low, 0x27bb2ee6)) >>> 0;
  low = (Math.imul(low, 0x87b0b0fd) + 1) >>> 0;
  if (low === 0) high = (high + 1) >>> 0;
}
