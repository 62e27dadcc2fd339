// Sets of offsets as bits: one that grows and counts, and what is done with whole sets.

import type { OffsetSet } from './vector-index.ts';

export class OffsetBits {
  #words: OffsetSet = new Uint32Array(32);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get memoryBytes(): number {
    return this.#words.byteLength;
  }

  /** A view, valid until the next change. */
  get words(): OffsetSet {
    return this.#words;
  }

  has(offset: number): boolean {
    return hasOffset(this.#words, offset);
  }

  add(offset: number): void {
    const at = offset >>> 5;
    if (at >= this.#words.length) {
      const grown = new Uint32Array(Math.max(at + 1, Math.ceil(this.#words.length * 1.5)));
      grown.set(this.#words);
      this.#words = grown;
    }
    const word = this.#words[at] ?? 0;
    const bit = 1 << (offset & 31);
    if ((word & bit) !== 0) return;
    this.#words[at] = word | bit;
    this.#count++;
  }

  delete(offset: number): void {
    const word = this.#words[offset >>> 5] ?? 0;
    const bit = 1 << (offset & 31);
    if ((word & bit) === 0) return;
    this.#words[offset >>> 5] = word & ~bit;
    this.#count--;
  }
}

export function hasOffset(set: OffsetSet, offset: number): boolean {
  return ((set[offset >>> 5] ?? 0) & (1 << (offset & 31))) !== 0;
}

/** The offset must lie within the set's words. */
export function addOffset(set: OffsetSet, offset: number): void {
  set[offset >>> 5] = (set[offset >>> 5] ?? 0) | (1 << (offset & 31));
}

/** `into` becomes what is in both. */
export function intersectInto(into: OffsetSet, other: OffsetSet): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) & (other[i] ?? 0);
}

/** `into` becomes what is in either; words of `other` beyond its end are left out. */
export function uniteInto(into: OffsetSet, other: OffsetSet): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) | (other[i] ?? 0);
}

/** What is in both. */
export function intersection(a: OffsetSet, b: OffsetSet): OffsetSet {
  return a.map((word, i) => word & (b[i] ?? 0));
}

/** What is in `all` and not in `set`. */
export function without(all: OffsetSet, set: OffsetSet): OffsetSet {
  return all.map((word, i) => word & ~(set[i] ?? 0));
}

/** Offsets of the set, ascending. */
export function* offsetsOf(set: OffsetSet): Generator<number> {
  for (let i = 0; i < set.length; i++) {
    let word = set[i] ?? 0;
    while (word !== 0) {
      const bit = 31 - Math.clz32(word & -word);
      yield 32 * i + bit;
      word &= word - 1;
    }
  }
}

export function countOfSet(set: OffsetSet): number {
  let count = 0;
  for (let word of set) {
    word -= (word >>> 1) & 0x5555_5555;
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return count;
}
