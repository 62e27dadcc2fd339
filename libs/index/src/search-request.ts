// What every kind of index asks of a search, and of the vectors it is given.

import { TributaryError } from '@tributary/runtime';
import { countOfSet } from './offset-bits.ts';
import type { IndexSearch } from './vector-index.ts';

const LIMIT_MAX = 2 ** 31 - 1;

/** Throws `wrong_input`. */
export function checkSearch({ limit, ef }: IndexSearch): void {
  if (!Number.isSafeInteger(limit) || limit < 0 || limit > LIMIT_MAX) {
    throw new TributaryError('wrong_input', `a limit is a whole number, not ${limit}`);
  }
  if (!Number.isSafeInteger(ef) || ef < 0) {
    throw new TributaryError('wrong_input', `ef is a whole number, not ${ef}`);
  }
}

/** 0 without a set. */
export function acceptedCount(search: IndexSearch): number {
  return search.acceptCount ?? (search.accept === undefined ? 0 : countOfSet(search.accept));
}

/** Whether every value is finite. */
export function isFinite32(vector: Float32Array): boolean {
  let sum = 0;
  // 0 times infinity or NaN is NaN, and NaN stays.
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) * 0;
  return sum === 0;
}
