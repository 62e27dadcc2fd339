// The points a filter holds for, as dense bits by offset: a million points take 125 kB.

import type { OffsetSet } from '@tributary/index';
import type { PointOffset } from '@tributary/model';
import { assert } from '@tributary/runtime';

export interface Selection {
  readonly offsets: OffsetSet;
  /** Number of offsets in the set. */
  readonly count: number;
}

export class SelectionBuilder {
  readonly #words: Uint32Array;
  #count = 0;

  /** For offsets below `offsetsEnd`. */
  constructor(offsetsEnd: number) {
    this.#words = new Uint32Array(Math.ceil(offsetsEnd / 32));
  }

  /** An offset added twice counts once. */
  add(offset: PointOffset): void {
    const word = this.#words[offset >>> 5];
    assert(word !== undefined, 'an offset lies below the end the set was made for');
    const bit = 1 << (offset & 31);
    if ((word & bit) !== 0) return;
    this.#words[offset >>> 5] = word | bit;
    this.#count++;
  }

  build(): Selection {
    return { offsets: this.#words, count: this.#count };
  }
}
