// For each distinct value the offsets that have it, and for each offset its values.
//
// Invariant: an offset is in the list of a value exactly while the value is among its own. A list may hold offsets that
// lost the value meanwhile, or one twice; they are told apart by the offset's own values, and left out when a list has
// as many of them as others.

import { assert } from '@tributary/runtime';
import { grownToHold } from './growable.ts';
import { addOffset, offsetsOf } from './offset-bits.ts';
import { ValuesByOffset } from './values-by-offset.ts';
import type { OffsetSet } from './vector-index.ts';

export type IndexedValue = string | number | bigint | boolean;

const SPARE_MIN = 16;
/** Of a Map's entry, a posting and its array, about. */
const POSTING_BYTES = 200;

interface Posting {
  readonly value: IndexedValue;
  readonly id: number;
  offsets: Uint32Array;
  /** Elements of `offsets` in use. */
  length: number;
  /** Offsets that have the value. */
  count: number;
}

export class ValuePostings {
  readonly #postings = new Map<IndexedValue, Posting>();
  readonly #byId: (Posting | undefined)[] = [];
  readonly #freeIds: number[] = [];
  readonly #idsOf = new ValuesByOffset('words');

  get memoryBytes(): number {
    let bytes = this.#idsOf.memoryBytes;
    for (const { value, offsets } of this.#postings.values()) {
      const text = typeof value === 'string' ? 2 * value.length : 0;
      bytes += POSTING_BYTES + offsets.byteLength + text;
    }
    return bytes;
  }

  /** The offset must have no values yet. */
  add(offset: number, values: Iterable<IndexedValue>): void {
    const ids: number[] = [];
    for (const value of new Set(values)) {
      const posting = this.#postings.get(value) ?? this.#createPosting(value);
      posting.offsets = grownToHold(posting.offsets, posting.length, 0);
      posting.offsets[posting.length++] = offset;
      posting.count++;
      ids.push(posting.id);
    }
    this.#idsOf.set(offset, ids);
  }

  remove(offset: number): void {
    const ids = this.#idsOf.get(offset);
    this.#idsOf.delete(offset);
    for (const id of ids) {
      const posting = this.#byId[id];
      assert(posting !== undefined, 'the values of an offset have postings');
      posting.count--;
      if (posting.count === 0) this.#deletePosting(posting);
      else if (posting.length > 2 * posting.count + SPARE_MIN) this.#compact(posting);
    }
  }

  countOf(value: IndexedValue): number {
    return this.#postings.get(value)?.count ?? 0;
  }

  /** Adds the offsets that have the value to `into`, which has room for every offset in use. */
  addOffsetsOf(value: IndexedValue, into: OffsetSet): void {
    const posting = this.#postings.get(value);
    if (posting === undefined) return;
    const { id, offsets, length } = posting;
    // Only removals leave an element that does not count.
    const isClean = length === posting.count;
    for (let i = 0; i < length; i++) {
      const offset = offsets[i] ?? 0;
      if (isClean || this.#idsOf.has(offset, id)) addOffset(into, offset);
    }
  }

  /** Distinct values and how many offsets have each. */
  *counts(): Generator<readonly [IndexedValue, number]> {
    for (const { value, count } of this.#postings.values()) yield [value, count];
  }

  /** The same, of the offsets in `accept` only; values that none of them has are left out. */
  *countsWithin(accept: OffsetSet): Generator<readonly [IndexedValue, number]> {
    const counts = new Uint32Array(this.#byId.length);
    const count = (id: number) => {
      counts[id] = (counts[id] ?? 0) + 1;
    };
    for (const offset of offsetsOf(accept)) this.#idsOf.visit(offset, count);
    for (const { value, id } of this.#postings.values()) {
      const count = counts[id] ?? 0;
      if (count > 0) yield [value, count];
    }
  }

  #createPosting(value: IndexedValue): Posting {
    const id = this.#freeIds.pop() ?? this.#byId.length;
    const posting = { value, id, offsets: new Uint32Array(1), length: 0, count: 0 };
    this.#byId[id] = posting;
    this.#postings.set(value, posting);
    return posting;
  }

  #deletePosting({ value, id }: Posting): void {
    this.#postings.delete(value);
    this.#byId[id] = undefined;
    this.#freeIds.push(id);
  }

  #compact(posting: Posting): void {
    const all = posting.offsets.subarray(0, posting.length).sort();
    let length = 0;
    let last = -1;
    for (const offset of all) {
      if (offset === last || !this.#idsOf.has(offset, posting.id)) continue;
      all[length++] = offset;
      last = offset;
    }
    assert(length === posting.count, 'a posting holds every offset that has its value');
    posting.offsets = all.slice(0, length);
    posting.length = length;
  }
}
