// For each distinct value the offsets that have it, and for each offset its values.
//
// Invariant: an offset is in the list of a value exactly while the value is among its own. A list may hold offsets that
// lost the value meanwhile, or one twice; they are recognised by the offset's own values, and left out when a list has
// as many of them as others.

import { assert } from '@tributary/runtime';
import { addOffset, offsetsOf } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import { ValuesByOffset, WORDS } from './values-by-offset.ts';

export type IndexedValue = string | number | bigint | boolean;

const SPARE_MIN = 16;
const MORE_MIN = 4;
/** Of a Map's entry and a posting, about; an array of its own has some more. */
const POSTING_BYTES = 120;
const ARRAY_BYTES = 200;
/** Shared by the values that one offset has, which may be as many as there are offsets. */
const NO_MORE = new Uint32Array(0);

interface Posting {
  readonly value: IndexedValue;
  readonly id: number;
  /** The first element of the list. */
  first: number;
  /** The elements after the first. */
  more: Uint32Array;
  /** Elements in use, the first among them. */
  length: number;
  /** Offsets that have the value. */
  count: number;
}

export class ValuePostings {
  readonly #postings = new Map<IndexedValue, Posting>();
  readonly #byId: (Posting | undefined)[] = [];
  readonly #freeIds: number[] = [];
  readonly #idsOf = new ValuesByOffset(WORDS);

  get memoryBytes(): number {
    let bytes = this.#idsOf.memoryBytes;
    for (const { value, more } of this.#postings.values()) {
      const text = typeof value === 'string' ? 2 * value.length : 0;
      bytes += POSTING_BYTES + text + (more === NO_MORE ? 0 : ARRAY_BYTES + more.byteLength);
    }
    return bytes;
  }

  /** The offset must have no values yet. */
  add(offset: number, values: Iterable<IndexedValue>): void {
    const ids: number[] = [];
    for (const value of new Set(values)) {
      const posting = this.#postings.get(value) ?? this.#createPosting(value);
      append(posting, offset);
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
    const { id, first, more, length } = posting;
    // Only removals leave an element that does not count.
    const isClean = length === posting.count;
    for (let i = 0; i < length; i++) {
      const offset = i === 0 ? first : (more[i - 1] ?? 0);
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
    const posting = { value, id, first: 0, more: NO_MORE, length: 0, count: 0 };
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
    const { id, first, more, length } = posting;
    const all = new Uint32Array(length);
    all[0] = first;
    all.set(more.subarray(0, length - 1), 1);
    all.sort();
    const kept = all.filter((offset, i) => offset !== all[i - 1] && this.#idsOf.has(offset, id));
    assert(kept.length === posting.count, 'a posting holds every offset that has its value');
    posting.first = kept[0] ?? 0;
    posting.more = kept.length > 1 ? kept.slice(1) : NO_MORE;
    posting.length = kept.length;
  }
}

function append(posting: Posting, offset: number): void {
  if (posting.length === 0) posting.first = offset;
  else {
    const { more, length } = posting;
    if (length > more.length) {
      // Most values have few offsets, so lists begin small.
      posting.more = new Uint32Array(Math.max(MORE_MIN, Math.ceil(length * 1.5)));
      posting.more.set(more);
    }
    posting.more[length - 1] = offset;
  }
  posting.length++;
}
