// A sorted run of numbers with their offsets. An integer beyond 2^53 takes two columns: the double next to it, and how
// far it is from that. By double, then by distance is the order of the integers, since rounding keeps their order.

import type { ExactNumber, RangeBounds } from '@tributary/model';
import { restOf } from './values-by-offset.ts';

/** Pairs by number, then offset. */
export interface Run {
  readonly values: Float64Array;
  /** Absent where every number is its double. */
  readonly rests: Int16Array | undefined;
  readonly offsets: Uint32Array;
}

export interface NumberAt {
  readonly value: number;
  readonly rest: number;
  readonly offset: number;
}

export const EMPTY_RUN: Run = {
  values: new Float64Array(0),
  rests: undefined,
  offsets: new Uint32Array(0),
};

/** Sorts the numbers. */
export function runOf(numbers: NumberAt[]): Run {
  numbers.sort(compareAt);
  const { length } = numbers;
  const values = new Float64Array(length);
  const rests = numbers.some(({ rest }) => rest !== 0) ? new Int16Array(length) : undefined;
  const offsets = new Uint32Array(length);
  for (const [i, { value, rest, offset }] of numbers.entries()) {
    values[i] = value;
    if (rests) rests[i] = rest;
    offsets[i] = offset;
  }
  return { values, rests, offsets };
}

/** Both runs in one, each pair once, and only those that `counts`. */
export function mergeRuns(
  a: Run,
  b: Run,
  counts: (offset: number, value: number, rest: number) => boolean,
): Run {
  const total = a.values.length + b.values.length;
  const values = new Float64Array(total);
  const rests = a.rests || b.rests ? new Int16Array(total) : undefined;
  const offsets = new Uint32Array(total);
  const { values: valuesOfA, offsets: offsetsOfA } = a;
  const { values: valuesOfB, offsets: offsetsOfB } = b;
  let length = 0;
  let [lastValue, lastRest, lastOffset] = [Number.NaN, 0, 0];
  for (let i = 0, j = 0; i < valuesOfA.length || j < valuesOfB.length; ) {
    // Past the end of a run there is NaN, which is before nothing.
    const valueOfA = i < valuesOfA.length ? (valuesOfA[i] ?? 0) : Number.NaN;
    const valueOfB = j < valuesOfB.length ? (valuesOfB[j] ?? 0) : Number.NaN;
    const isTied = valueOfA === valueOfB;
    const isFromA = isTied
      ? !isBeforeTied(b, j, a, i)
      : valueOfA < valueOfB || j >= valuesOfB.length;
    const value = isFromA ? valueOfA : valueOfB;
    const rest = (isFromA ? a.rests?.[i] : b.rests?.[j]) ?? 0;
    const offset = (isFromA ? offsetsOfA[i++] : offsetsOfB[j++]) ?? 0;
    const isRepeated = value === lastValue && offset === lastOffset && rest === lastRest;
    if (isRepeated || !counts(offset, value, rest)) continue;
    [lastValue, lastRest, lastOffset] = [value, rest, offset];
    values[length] = value;
    if (rests) rests[length] = rest;
    offsets[length++] = offset;
  }
  if (length === total) return { values, rests, offsets };
  return {
    values: values.slice(0, length),
    rests: rests?.slice(0, length),
    offsets: offsets.slice(0, length),
  };
}

/** Of two pairs with one double. */
function isBeforeTied(a: Run, i: number, b: Run, j: number): boolean {
  const rest = (a.rests?.[i] ?? 0) - (b.rests?.[j] ?? 0);
  return rest < 0 || (rest === 0 && (a.offsets[i] ?? 0) < (b.offsets[j] ?? 0));
}

function compareAt(a: NumberAt, b: NumberAt): number {
  return a.value - b.value || a.rest - b.rest || a.offset - b.offset;
}

/** First index within the range, and the one after the last. */
export function boundsIn(run: Run, range: RangeBounds): readonly [number, number] {
  const { lt, gt, lte, gte } = range;
  const start = Math.max(
    gte === undefined ? 0 : firstNotBelow(run, gte),
    gt === undefined ? 0 : firstAbove(run, gt),
  );
  const { length } = run.values;
  const end = Math.min(
    lte === undefined ? length : firstAbove(run, lte),
    lt === undefined ? length : firstNotBelow(run, lt),
  );
  return [start, Math.max(start, end)];
}

/** The first index whose number is at least `number`. */
function firstNotBelow(run: Run, number: ExactNumber): number {
  return firstWhere(run, number, (difference) => difference >= 0);
}

function firstAbove(run: Run, number: ExactNumber): number {
  return firstWhere(run, number, (difference) => difference > 0);
}

/** `holds` is asked for the sign of the difference to `number`. */
function firstWhere(
  { values, rests }: Run,
  number: ExactNumber,
  holds: (difference: number) => boolean,
): number {
  const rounded = Number(number);
  const rest = restOf(number);
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = values[middle] ?? 0;
    // Not a subtraction: of infinity from itself there is none.
    let difference = value < rounded ? -1 : Number(value > rounded);
    if (difference === 0) difference = (rests?.[middle] ?? 0) - rest;
    if (holds(difference)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export interface RunReader {
  /** Where the reader stands; undefined at the end. */
  readonly current: NumberAt | undefined;
  advance(): void;
}

export function createReader(
  run: Run,
  direction: 'asc' | 'desc',
  start: ExactNumber | undefined,
): RunReader {
  const indices = direction === 'asc' ? ascending(run, start) : descending(run, start);
  const next = (): NumberAt | undefined => {
    const i = indices();
    if (i === undefined) return undefined;
    const { values, rests, offsets } = run;
    return { value: values[i] ?? 0, rest: rests?.[i] ?? 0, offset: offsets[i] ?? 0 };
  };
  const reader = {
    current: next(),
    advance: () => {
      reader.current = next();
    },
  };
  return reader;
}

/** The next index at each call, undefined at the end. */
type Indices = () => number | undefined;

function ascending(run: Run, start: ExactNumber | undefined): Indices {
  const { length } = run.values;
  let next = start === undefined ? 0 : firstNotBelow(run, start);
  return () => (next < length ? next++ : undefined);
}

/** From one group of equal numbers to the one before, and forward within a group. */
function descending(run: Run, start: ExactNumber | undefined): Indices {
  const { values, rests } = run;
  const areEqual = (i: number, j: number) =>
    values[i] === values[j] && (rests === undefined || rests[i] === rests[j]);
  let groupStart = start === undefined ? values.length : firstAbove(run, start);
  let groupEnd = groupStart;
  let next = groupStart;
  return () => {
    if (next >= groupEnd) {
      groupEnd = groupStart;
      while (groupStart > 0 && areEqual(groupStart - 1, groupEnd - 1)) groupStart--;
      next = groupStart;
    }
    return next < groupEnd ? next++ : undefined;
  };
}
