// Waiting in a test for what comes soon on a quiet machine and late on a busy one.

import assert from 'node:assert/strict';
import { systemClock } from '../clock.ts';

const WITHIN_MS = 120_000;
const POLL_MS = 20;

/** The first thing that `look` finds, which is neither undefined nor false. Fails with `what` where none comes. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  pollMs = POLL_MS,
): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + WITHIN_MS;
  do {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await systemClock.sleep(pollMs);
  } while (systemClock.monotonicMs() < deadlineMs);
  return assert.fail(`${what}: not within ${WITHIN_MS / 1_000} s`);
}
