// How many values a field has, by offset: what `values_count` asks. Most fields have one value or none, so those with
// one are bits, those with none are not there, and only the others stand in lists by their count.

import { compileRange, type JsonValue, type RangeBounds, valuesCountOf } from '@tributary/model';
import { OffsetBits, uniteInto, without } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import { type Cardinality, exactly } from './cardinality.ts';
import { ValuePostings } from './value-postings.ts';

export class ValueCounts {
  /** Offsets whose one count is 1. */
  readonly #single = new OffsetBits();
  /**
   * Those with any other count, 0 of an empty array among them, or with several where a path leads to several places.
   */
  readonly #others = new OffsetBits();
  readonly #byCount = new ValuePostings();

  get memoryBytes(): number {
    return this.#single.memoryBytes + this.#others.memoryBytes + this.#byCount.memoryBytes;
  }

  /** Of all that the path leads to, at least one. The offset must not be there. */
  add(offset: number, values: readonly JsonValue[]): void {
    const counts = values.map(valuesCountOf);
    if (counts.every((count) => count === 1)) this.#single.add(offset);
    else {
      this.#others.add(offset);
      this.#byCount.add(offset, counts);
    }
  }

  /** Removing what is not there changes nothing. */
  remove(offset: number): void {
    this.#single.delete(offset);
    if (!this.#others.has(offset)) return;
    this.#others.delete(offset);
    this.#byCount.remove(offset);
  }

  /** Offsets, of `total`, with a count within the range. */
  estimate(range: RangeBounds, total: number): Cardinality {
    const isWithin = compileRange(range);
    const missing = total - this.#single.count - this.#others.count;
    const sure = (isWithin(1) ? this.#single.count : 0) + (isWithin(0) ? missing : 0);
    const counts = this.#countsWithin(isWithin).map(([, count]) => count);
    const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
    const sum = counts.reduce((all, count) => all + count, 0);
    const max = sure + Math.min(sum, this.#others.count);
    return sum === most ? exactly(max) : { min: sure + most, expected: max, max };
  }

  /** Offsets, of those in `all`, with a count within the range. */
  select(range: RangeBounds, all: OffsetSet): OffsetSet {
    const isWithin = compileRange(range);
    const offsets = isWithin(0)
      ? without(without(all, this.#single.words), this.#others.words)
      : new Uint32Array(all.length);
    if (isWithin(1)) uniteInto(offsets, this.#single.words);
    for (const [count] of this.#countsWithin(isWithin)) this.#byCount.addOffsetsOf(count, offsets);
    return offsets;
  }

  #countsWithin(isWithin: (count: number) => boolean) {
    return [...this.#byCount.counts()].filter(([count]) => isWithin(Number(count)));
  }
}
