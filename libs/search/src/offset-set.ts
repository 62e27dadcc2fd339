// Sets of point offsets as dense bits: a million points take 125 kB.

import type { OffsetSet } from '@tributary/index';
import { type PointOffset, pointOffset } from '@tributary/model';

/** Gathers offsets in any order; an offset added twice counts once. */
export class OffsetSetBuilder {
  #words: Uint32Array;
  #count = 0;

  /** `like` is a set that holds every offset to come; the words grow where it does not. */
  constructor(like: OffsetSet) {
    this.#words = new Uint32Array(like.length);
  }

  add(offset: PointOffset): void {
    const at = offset >>> 5;
    if (at >= this.#words.length) {
      const larger = new Uint32Array(Math.max(at + 1, 2 * this.#words.length));
      larger.set(this.#words);
      this.#words = larger;
    }
    const word = this.#words[at] ?? 0;
    const bit = 1 << (offset & 31);
    if ((word & bit) !== 0) return;
    this.#words[at] = word | bit;
    this.#count++;
  }

  build(): { readonly offsets: OffsetSet; readonly count: number } {
    return { offsets: this.#words, count: this.#count };
  }
}

/** The offsets of a set, ascending. */
export function* offsetsOf(set: OffsetSet): Generator<PointOffset> {
  for (let at = 0; at < set.length; at++) {
    for (let word = set[at] ?? 0; word !== 0; word &= word - 1) {
      yield pointOffset(at * 32 + 31 - Math.clz32(word & -word));
    }
  }
}
