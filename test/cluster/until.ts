// Waiting for what comes soon on a quiet machine and late on a busy one.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const WITHIN_MS = 120_000;

/** The first thing that `look` finds, which is neither undefined nor false. Fails with `what` where none comes. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  pollMs = 20,
): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  do {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(pollMs);
  } while (performance.now() < deadline);
  return assert.fail(`${what}: not within ${WITHIN_MS / 1_000} s`);
}
