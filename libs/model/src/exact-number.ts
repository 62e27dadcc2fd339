// Numbers of payloads as they are compared: exactly. An integer beyond 2^53 is a bigint, any other number a double; the
// language compares the two kinds without rounding either.
//
// An integer of an index or an order is one of int64, however it was written: 42 and 42.0 are the same. What a filter
// makes of the two where the field has no integer index is in `value-test.ts`.

import type { JsonValue } from './json.ts';
import { WholeFloat } from './whole-float.ts';

/** A bigint only where a double could not tell the integer from its neighbours: beyond ±(2^53 - 1). */
export type ExactNumber = number | bigint;

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

/** The number of a payload value of any kind; undefined where it is none. */
export function exactNumberOf(value: JsonValue | undefined): ExactNumber | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return value instanceof WholeFloat ? value.value : undefined;
}

/** The number of a payload value of any kind; undefined where it is none. Integers beyond 2^53 are rounded. */
export function numberOfValue(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof WholeFloat ? value.value : undefined;
}

/** The integer of a payload value; undefined where it is none, has a fraction, or is beyond int64. */
export function integerOf(value: JsonValue | undefined): ExactNumber | undefined {
  if (typeof value === 'bigint') return isInt64(value) ? value : undefined;
  const number = value instanceof WholeFloat ? value.value : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined;
  // Minus zero is the integer 0.
  if (Number.isSafeInteger(number)) return number + 0;
  const integer = BigInt(number);
  return isInt64(integer) ? integer : undefined;
}

/** An integer in the one form it has: a number where that is exact. */
export function exactInteger(integer: bigint): ExactNumber {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

export function compareNumbers(a: ExactNumber, b: ExactNumber): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function isInt64(integer: bigint): boolean {
  return integer >= I64_MIN && integer <= I64_MAX;
}
