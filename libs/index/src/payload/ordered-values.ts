// Numbers by offset, in order: what ranges and orders ask.
//
//   add ─► newest, unsorted ─(a read, or enough of them)─► recent, sorted ─(an eighth of the rest)─► settled, sorted
//
// Invariant: every number of an offset stands in a run. A run may hold what an offset lost meanwhile, or a pair may
// stand in both; reads tell by the offset's own numbers, and merging leaves them out.

import type { ExactNumber, RangeBounds } from '@tributary/model';
import { addOffset } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import {
  boundsIn,
  createReader,
  EMPTY_RUN,
  mergeRuns,
  type NumberAt,
  type Run,
  runOf,
} from './ordered-run.ts';
import { restOf, type ValueKind, ValuesByOffset } from './values-by-offset.ts';

const NEWEST_MAX = 4_096;
const RECENT_MIN = 4_096;

export interface OrderedPair {
  readonly value: ExactNumber;
  readonly offset: number;
}

export class OrderedValues {
  readonly #kind: ValueKind<ExactNumber>;
  readonly #valuesOf: ValuesByOffset<ExactNumber>;
  #settled = EMPTY_RUN;
  #recent = EMPTY_RUN;
  #newest: NumberAt[] = [];
  /** Pairs in runs that count no more, at most. */
  #stale = 0;

  constructor(kind: ValueKind<ExactNumber>) {
    this.#kind = kind;
    this.#valuesOf = new ValuesByOffset(kind);
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const { values, rests, offsets } of [this.#settled, this.#recent]) {
      bytes += values.byteLength + (rests?.byteLength ?? 0) + offsets.byteLength;
    }
    return bytes + 48 * this.#newest.length + this.#valuesOf.memoryBytes;
  }

  /** The offset must have no numbers yet. None is NaN. */
  add(offset: number, values: readonly ExactNumber[]): void {
    this.#valuesOf.set(offset, values);
    for (const value of values) {
      this.#newest.push({ value: Number(value), rest: restOf(value), offset });
    }
    if (this.#newest.length >= NEWEST_MAX) this.#sort();
  }

  remove(offset: number): void {
    this.#stale += this.#valuesOf.get(offset).length;
    this.#valuesOf.delete(offset);
    if (this.#stale > NEWEST_MAX && 2 * this.#stale > this.#length) this.#settle();
  }

  /** In the order they were added. */
  valuesAt(offset: number): readonly ExactNumber[] {
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
        const { values, rests } = run;
        if (isClean || this.#valuesOf.has(offset, values[i] ?? 0, rests?.[i] ?? 0)) {
          addOffset(into, offset);
        }
      }
    }
  }

  /** Each number of each offset once, from `from` on, equal numbers by offset; nothing may change meanwhile. */
  *inOrder(direction: 'asc' | 'desc', from?: ExactNumber): Generator<OrderedPair> {
    this.#sort();
    const readers = [this.#settled, this.#recent].map((run) => createReader(run, direction, from));
    const [settled, recent] = readers;
    let last: NumberAt | undefined;
    for (;;) {
      const a = settled?.current;
      const b = recent?.current;
      const isFromSettled = a !== undefined && (b === undefined || comesFirst(a, b, direction));
      const pair = isFromSettled ? a : b;
      if (pair === undefined) return;
      (isFromSettled ? settled : recent)?.advance();
      const { value, rest, offset } = pair;
      const isRepeated = last?.offset === offset && last.value === value && last.rest === rest;
      if (isRepeated || !this.#valuesOf.has(offset, value, rest)) continue;
      last = pair;
      yield { value: this.#kind.join(value, rest), offset };
    }
  }

  get #length(): number {
    return this.#settled.values.length + this.#recent.values.length + this.#newest.length;
  }

  #sort(): void {
    if (this.#newest.length === 0) return;
    const run = runOf(this.#newest);
    this.#newest = [];
    this.#recent = this.#merge(this.#recent, run);
    const { length } = this.#recent.values;
    if (length > RECENT_MIN && 8 * length > this.#settled.values.length) this.#settle();
  }

  #settle(): void {
    this.#sort();
    this.#settled = this.#merge(this.#settled, this.#recent);
    this.#recent = EMPTY_RUN;
    // Both runs are gone through whole, so nothing is left that does not count.
    this.#stale = 0;
  }

  #merge(a: Run, b: Run): Run {
    return mergeRuns(a, b, (offset, value, rest) => this.#valuesOf.has(offset, value, rest));
  }
}

/** Equal numbers go by offset, ascending in either direction. */
function comesFirst(a: NumberAt, b: NumberAt, direction: 'asc' | 'desc'): boolean {
  const difference = a.value - b.value || a.rest - b.rest;
  if (difference === 0) return a.offset <= b.offset;
  return direction === 'asc' ? difference < 0 : difference > 0;
}
