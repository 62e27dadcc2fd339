// Point ids by offset, 17 bytes each: as strings, UUIDs take some 300 bytes (V8 keeps the parts
// they were joined from).

import type { PointId } from '@tributary/model';

const WORDS = 4;
const LENGTH_MIN = 1_024;
const TWO_32 = 0x1_0000_0000;
/** High words below this make a number that is exact. */
const EXACT_HIGH_MAX = 0x20_0000;

export type IdKind = 0 | 1 | 2;
const NOTHING: IdKind = 0;
const NUMBER: IdKind = 1;
const UUID: IdKind = 2;

const HYPHEN_AT = new Set([8, 13, 18, 23]);
/** Character positions of a UUID's hexadecimal digits. */
const DIGIT_AT = Uint8Array.from({ length: 36 }, (_, i) => i).filter((i) => !HYPHEN_AT.has(i));
/** Values of the hexadecimal digits by character code; ids are canonical, so lower case. */
const DIGIT_VALUE = Uint8Array.from({ length: 128 }, (_, code) =>
  Math.max(0, '0123456789abcdef'.indexOf(String.fromCharCode(code))),
);
const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** An id taken apart; one object is used again and again. */
export class IdWords {
  readonly words = new Uint32Array(WORDS);
  kind: IdKind = NOTHING;

  set(id: PointId): this {
    const { words } = this;
    if (typeof id === 'string') {
      this.kind = UUID;
      for (let word = 0, digit = 0; word < WORDS; word++) {
        let value = 0;
        for (const end = digit + 8; digit < end; digit++) {
          value = (value << 4) | (DIGIT_VALUE[id.charCodeAt(DIGIT_AT[digit] ?? 0)] ?? 0);
        }
        words[word] = value;
      }
      return this;
    }
    this.kind = NUMBER;
    const isBig = typeof id === 'bigint';
    words[0] = isBig ? Number(id & 0xffff_ffffn) : id % TWO_32;
    words[1] = isBig ? Number(id >> 32n) : Math.floor(id / TWO_32);
    words[2] = 0;
    words[3] = 0;
    return this;
  }

  /** 32 well mixed bits (the finishing steps of MurmurHash3, one a word). */
  hash(seed: number): number {
    const { words } = this;
    let hash = seed ^ this.kind;
    for (let i = 0; i < WORDS; i++) {
      hash = Math.imul(hash ^ (words[i] ?? 0), 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      hash ^= hash >>> 16;
    }
    return hash >>> 0;
  }
}

export class PointIdColumn {
  #words = new Uint32Array(LENGTH_MIN * WORDS);
  #kinds = new Uint8Array(LENGTH_MIN);

  get memoryBytes(): number {
    return this.#words.byteLength + this.#kinds.byteLength;
  }

  has(offset: number): boolean {
    return (this.#kinds[offset] ?? NOTHING) !== NOTHING;
  }

  get(offset: number): PointId | undefined {
    const kind = this.#kinds[offset] ?? NOTHING;
    if (kind === NOTHING) return undefined;
    const at = offset * WORDS;
    const words = this.#words;
    if (kind === UUID) return uuidOf(words, at);
    const high = words[at + 1] ?? 0;
    const low = words[at] ?? 0;
    if (high < EXACT_HIGH_MAX) return high * TWO_32 + low;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** As `comparePointIds` of both: numbers before UUIDs. */
  compare(a: number, b: number): number {
    const [kindA, kindB] = [this.#kinds[a] ?? NOTHING, this.#kinds[b] ?? NOTHING];
    if (kindA !== kindB) return kindA - kindB;
    const words = this.#words;
    if (kindA === UUID) {
      for (let i = 0; i < WORDS; i++) {
        const difference = (words[a * WORDS + i] ?? 0) - (words[b * WORDS + i] ?? 0);
        if (difference !== 0) return difference;
      }
      return 0;
    }
    const high = (words[a * WORDS + 1] ?? 0) - (words[b * WORDS + 1] ?? 0);
    return high !== 0 ? high : (words[a * WORDS] ?? 0) - (words[b * WORDS] ?? 0);
  }

  equals(offset: number, id: IdWords): boolean {
    if (this.#kinds[offset] !== id.kind) return false;
    const at = offset * WORDS;
    for (let i = 0; i < WORDS; i++) if (this.#words[at + i] !== id.words[i]) return false;
    return true;
  }

  set(offset: number, id: IdWords): void {
    if (offset >= this.#kinds.length) this.#grow(offset);
    this.#kinds[offset] = id.kind;
    this.#words.set(id.words, offset * WORDS);
  }

  /** Copies the words behind an offset into `id`. */
  read(offset: number, id: IdWords): void {
    const kind = this.#kinds[offset];
    id.kind = kind === NUMBER || kind === UUID ? kind : NOTHING;
    for (let i = 0; i < WORDS; i++) id.words[i] = this.#words[offset * WORDS + i] ?? 0;
  }

  clear(offset: number): void {
    this.#kinds[offset] = NOTHING;
  }

  #grow(offset: number): void {
    const length = Math.ceil(Math.max(offset + 1, this.#kinds.length * 1.5));
    const kinds = new Uint8Array(length);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
    const words = new Uint32Array(length * WORDS);
    words.set(this.#words);
    this.#words = words;
  }
}

function uuidOf(words: Uint32Array, at: number): string {
  let text = '';
  for (let byte = 0; byte < 16; byte++) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) text += '-';
    const word = words[at + (byte >>> 2)] ?? 0;
    text += HEX_OF_BYTE[(word >>> (24 - 8 * (byte & 3))) & 0xff] ?? '';
  }
  return text;
}
