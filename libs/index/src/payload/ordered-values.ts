// Numbers by offset, in order: what ranges and orders ask.
//
//   add ─► newest, unsorted ─(a read, or enough of them)─► recent, sorted ─(an eighth of the rest)─► settled, sorted
//
// Invariant: every number of an offset stands in a run. A run may hold what an offset lost meanwhile, or a pair may
// stand in both; reads tell by the offset's own numbers, and merging leaves them out.

import type { RangeBounds } from '@tributary/model';
import { addOffset } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import { ValuesByOffset } from './values-by-offset.ts';

const NEWEST_MAX = 4_096;
const RECENT_MIN = 4_096;

/** Pairs by value, then offset. */
interface Run {
  readonly values: Float64Array;
  readonly offsets: Uint32Array;
}

export interface OrderedPair {
  readonly value: number;
  readonly offset: number;
}

const EMPTY: Run = { values: new Float64Array(0), offsets: new Uint32Array(0) };

export class OrderedValues {
  readonly #valuesOf = new ValuesByOffset('doubles');
  #settled = EMPTY;
  #recent = EMPTY;
  #newest: OrderedPair[] = [];
  /** Pairs in runs that count no more, at most. */
  #stale = 0;

  get memoryBytes(): number {
    const pairs = this.#settled.values.length + this.#recent.values.length;
    return 12 * pairs + 40 * this.#newest.length + this.#valuesOf.memoryBytes;
  }

  /** The offset must have no numbers yet. None is NaN. */
  add(offset: number, values: readonly number[]): void {
    this.#valuesOf.set(offset, values);
    for (const value of values) this.#newest.push({ value, offset });
    if (this.#newest.length >= NEWEST_MAX) this.#sort();
  }

  remove(offset: number): void {
    this.#stale += this.#valuesOf.get(offset).length;
    this.#valuesOf.delete(offset);
    if (this.#stale > NEWEST_MAX && 2 * this.#stale > this.#length) this.#settle();
  }

  /** In the order they were added. */
  valuesAt(offset: number): readonly number[] {
    return this.#valuesOf.get(offset);
  }

  /** Numbers within the range, those that count no more among them: at least as many as there are. */
  countAtMost(range: RangeBounds): number {
    this.#sort();
    let count = 0;
    for (const run of [this.#settled, this.#recent]) {
      const [start, end] = boundsIn(run, range);
      count += end - start;
    }
    return count;
  }

  /** The share of pairs in the runs that count. */
  get liveShare(): number {
    return this.#length === 0 ? 1 : Math.max(0, 1 - this.#stale / this.#length);
  }

  /** Adds the offsets that have a number within the range to `into`, which has room for every offset in use. */
  addOffsetsWithin(range: RangeBounds, into: OffsetSet): void {
    this.#sort();
    const isClean = this.#stale === 0;
    for (const run of [this.#settled, this.#recent]) {
      const [start, end] = boundsIn(run, range);
      for (let i = start; i < end; i++) {
        const offset = run.offsets[i] ?? 0;
        if (isClean || this.#valuesOf.has(offset, run.values[i] ?? 0)) addOffset(into, offset);
      }
    }
  }

  /** Each number of each offset once, from `from` on, equal numbers by offset; nothing may change meanwhile. */
  *inOrder(direction: 'asc' | 'desc', from?: number): Generator<OrderedPair> {
    this.#sort();
    const start = from ?? (direction === 'asc' ? -Infinity : Infinity);
    const readers = [this.#settled, this.#recent].map((run) => createReader(run, direction, start));
    const [settled, recent] = readers;
    let last: OrderedPair | undefined;
    for (;;) {
      const a = settled?.peek();
      const b = recent?.peek();
      const isFromSettled = a !== undefined && (b === undefined || comesFirst(a, b, direction));
      const pair = isFromSettled ? a : b;
      if (pair === undefined) return;
      (isFromSettled ? settled : recent)?.advance();
      const isRepeated = last?.offset === pair.offset && last.value === pair.value;
      if (isRepeated || !this.#valuesOf.has(pair.offset, pair.value)) continue;
      last = pair;
      yield pair;
    }
  }

  get #length(): number {
    return this.#settled.values.length + this.#recent.values.length + this.#newest.length;
  }

  #sort(): void {
    if (this.#newest.length === 0) return;
    const pairs = this.#newest.sort((a, b) => a.value - b.value || a.offset - b.offset);
    const run = {
      values: Float64Array.from(pairs, ({ value }) => value),
      offsets: Uint32Array.from(pairs, ({ offset }) => offset),
    };
    this.#newest = [];
    this.#recent = this.#merge(this.#recent, run);
    const { length } = this.#recent.values;
    if (length > RECENT_MIN && 8 * length > this.#settled.values.length) this.#settle();
  }

  #settle(): void {
    this.#sort();
    this.#settled = this.#merge(this.#settled, this.#recent);
    this.#recent = EMPTY;
    // Both runs are gone through whole, so nothing is left that does not count.
    this.#stale = 0;
  }

  #merge(a: Run, b: Run): Run {
    const total = a.values.length + b.values.length;
    const values = new Float64Array(total);
    const offsets = new Uint32Array(total);
    let length = 0;
    for (let i = 0, j = 0; i < a.values.length || j < b.values.length; ) {
      const isFromA = j >= b.values.length || (i < a.values.length && !isBefore(b, j, a, i));
      const value = (isFromA ? a.values[i] : b.values[j]) ?? 0;
      const offset = (isFromA ? a.offsets[i++] : b.offsets[j++]) ?? 0;
      const isRepeated =
        length > 0 && values[length - 1] === value && offsets[length - 1] === offset;
      if (isRepeated || !this.#valuesOf.has(offset, value)) continue;
      values[length] = value;
      offsets[length++] = offset;
    }
    if (length === total) return { values, offsets };
    return { values: values.slice(0, length), offsets: offsets.slice(0, length) };
  }
}

function isBefore(a: Run, i: number, b: Run, j: number): boolean {
  const difference = (a.values[i] ?? 0) - (b.values[j] ?? 0);
  return difference < 0 || (difference === 0 && (a.offsets[i] ?? 0) < (b.offsets[j] ?? 0));
}

/** Equal values go by offset, ascending in either direction. */
function comesFirst(a: OrderedPair, b: OrderedPair, direction: 'asc' | 'desc'): boolean {
  if (a.value === b.value) return a.offset <= b.offset;
  return direction === 'asc' ? a.value < b.value : a.value > b.value;
}

/** First index within the range, and the one after the last. */
function boundsIn({ values }: Run, range: RangeBounds): readonly [number, number] {
  const { lt, gt, lte, gte } = range;
  const start = Math.max(
    gte === undefined ? 0 : firstNotBelow(values, gte),
    gt === undefined ? 0 : firstAbove(values, gt),
  );
  const end = Math.min(
    lte === undefined ? values.length : firstAbove(values, lte),
    lt === undefined ? values.length : firstNotBelow(values, lt),
  );
  return [start, Math.max(start, end)];
}

/** The first index whose value is at least `value`. */
function firstNotBelow(values: Float64Array, value: number): number {
  return firstWhere(values, (each) => each >= value);
}

function firstAbove(values: Float64Array, value: number): number {
  return firstWhere(values, (each) => each > value);
}

function firstWhere(values: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

interface RunReader {
  peek(): OrderedPair | undefined;
  advance(): void;
}

/** Descending it goes from one group of equal values to the one before, and forward within a group. */
function createReader(run: Run, direction: 'asc' | 'desc', start: number): RunReader {
  const { values, offsets } = run;
  const pairAt = (i: number) => ({ value: values[i] ?? 0, offset: offsets[i] ?? 0 });
  if (direction === 'asc') {
    let at = firstNotBelow(values, start);
    return { peek: () => (at < values.length ? pairAt(at) : undefined), advance: () => at++ };
  }
  let groupStart = firstAbove(values, start);
  let groupEnd = groupStart;
  let at = groupStart;
  const previousGroup = () => {
    groupEnd = groupStart;
    while (groupStart > 0 && values[groupStart - 1] === values[groupEnd - 1]) groupStart--;
    at = groupStart;
  };
  previousGroup();
  return {
    peek: () => (at < groupEnd ? pairAt(at) : undefined),
    advance: () => {
      at++;
      if (at >= groupEnd) previousGroup();
    },
  };
}
