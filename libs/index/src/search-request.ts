// What every kind of index asks of a search.

import { TributaryError } from '@tributary/runtime';
import { countOfSet } from './exact-scan.ts';
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
