// Which of `total` slices a point is in: SipHash-2-4 of its id with a zero key, modulo `total`. Stable for ever.
// https://www.aumasson.jp/siphash/siphash.pdf; words of 64 bits are pairs of 32, because bigint is forty times slower.

import { type PointId, pointIdToBytes } from './point-id.ts';

/** In 0 .. total - 1. An integer id is hashed as its 8 bytes little-endian, a UUID as its 16 bytes. */
export function sliceOfId(id: PointId, total: number): number {
  const bytes = pointIdToBytes(id).subarray(1);
  if (typeof id !== 'string') bytes.reverse();
  return Number(sipHash(bytes) % BigInt(total));
}

/** SipHash-2-4 with a zero key, or the key given as two words of 64 bits. */
export function sipHash(bytes: Uint8Array, key: readonly [bigint, bigint] = [0n, 0n]): bigint {
  const state = new SipState(key);
  const blocks = Math.floor(bytes.length / 8);
  for (let block = 0; block < blocks; block++) {
    state.absorb(wordAt(bytes, 8 * block), wordAt(bytes, 8 * block + 4));
  }
  const rest = 8 * blocks;
  const length = (bytes.length & 0xff) << 24;
  state.absorb(wordAt(bytes, rest), (wordAt(bytes, rest + 4) & 0xff_ffff) | length);
  return state.finish();
}

/** Little-endian; bytes beyond the end are zero. */
function wordAt(bytes: Uint8Array, at: number): number {
  const byte = (i: number) => bytes[at + i] ?? 0;
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
}

const INITIAL = [
  0x736f6d6570736575n,
  0x646f72616e646f6dn,
  0x6c7967656e657261n,
  0x7465646279746573n,
] as const;

/** The four words v0 .. v3 as [low, high, low, high, …]. */
class SipState {
  readonly #v = new Int32Array(8);

  constructor([first, second]: readonly [bigint, bigint]) {
    INITIAL.forEach((constant, i) => {
      const word = constant ^ (i % 2 === 0 ? first : second);
      this.#v[2 * i] = Number(word & 0xffff_ffffn) | 0;
      this.#v[2 * i + 1] = Number(word >> 32n) | 0;
    });
  }

  absorb(low: number, high: number): void {
    this.#xor(6, low, high);
    this.#round();
    this.#round();
    this.#xor(0, low, high);
  }

  finish(): bigint {
    this.#xor(4, 0xff, 0);
    for (let i = 0; i < 4; i++) this.#round();
    let low = 0;
    let high = 0;
    for (let i = 0; i < 8; i += 2) {
      low ^= this.#v[i] ?? 0;
      high ^= this.#v[i + 1] ?? 0;
    }
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  }

  #round(): void {
    this.#add(0, 2);
    this.#rotateXor(2, 13, 0);
    this.#rotate(0, 32);
    this.#add(4, 6);
    this.#rotateXor(6, 16, 4);
    this.#add(0, 6);
    this.#rotateXor(6, 21, 0);
    this.#add(4, 2);
    this.#rotateXor(2, 17, 4);
    this.#rotate(4, 32);
  }

  #add(into: number, other: number): void {
    const low = this.#low(into) + this.#low(other);
    const high = this.#low(into + 1) + this.#low(other + 1) + (low >= 2 ** 32 ? 1 : 0);
    this.#v[into] = low;
    this.#v[into + 1] = high;
  }

  #rotateXor(word: number, bits: number, other: number): void {
    this.#rotate(word, bits);
    this.#xor(word, this.#v[other] ?? 0, this.#v[other + 1] ?? 0);
  }

  #rotate(word: number, bits: number): void {
    const low = this.#v[word] ?? 0;
    const high = this.#v[word + 1] ?? 0;
    if (bits === 32) {
      this.#v[word] = high;
      this.#v[word + 1] = low;
      return;
    }
    this.#v[word] = (low << bits) | (high >>> (32 - bits));
    this.#v[word + 1] = (high << bits) | (low >>> (32 - bits));
  }

  #xor(word: number, low: number, high: number): void {
    this.#v[word] = (this.#v[word] ?? 0) ^ low;
    this.#v[word + 1] = (this.#v[word + 1] ?? 0) ^ high;
  }

  #low(at: number): number {
    return (this.#v[at] ?? 0) >>> 0;
  }
}
