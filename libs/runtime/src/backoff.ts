// How long to wait before trying again: longer with each failure in a row, and by chance, so that those who failed
// together do not come back together.

import type { Random } from './random.ts';

export interface BackoffRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Milliseconds: `minMs` doubled with each failure after the first, `maxMs` at most; of that the half to the whole. */
export function backoffMs(
  { minMs, maxMs }: BackoffRange,
  failures: number,
  random: Random,
): number {
  return Math.min(maxMs, minMs * 2 ** (failures - 1)) * (0.5 + random.next() / 2);
}
