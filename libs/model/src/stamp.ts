// The clock of a shard: a hybrid of time and order (a hybrid logical clock, Kulkarni et al. 2014). The apply rule makes
// a stamp of each entry that it applies, so that all replicas have the same one, and so that of two writes the one that
// is later in the log has the later stamp, however the clocks of the gateways that took them stand.

import type { Brand } from './brand.ts';

/** 1,024 a millisecond since the Unix epoch; a safe integer, so that no big integer is made a point. */
export type Stamp = Brand<number, 'Stamp'>;

export function stamp(value: number): Stamp {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a stamp: ${value}`);
  return value as Stamp;
}

/** Before the first entry of a shard. */
export const NO_STAMP = 0 as Stamp;

const STAMPS_A_MS = 2 ** 10;
/** In the year 2109. A clock that is ahead of it counts as this, which leaves half of all stamps to count on with. */
const TIME_MS_MAX = 2 ** 42;

/** The stamp of an entry that was accepted at `timeMs`, in a shard whose last one is `previous`. */
export function nextStamp(previous: Stamp, timeMs: number): Stamp {
  return Math.max(previous + 1, Math.min(timeMs, TIME_MS_MAX) * STAMPS_A_MS) as Stamp;
}
