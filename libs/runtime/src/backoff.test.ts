import assert from 'node:assert/strict';
import test from 'node:test';
import { backoffMs } from './backoff.ts';
import { seededRandom } from './random.ts';

const RANGE = { minMs: 50, maxMs: 2_000 };

test('a wait doubles with each failure up to the largest, and is half of it at least', () => {
  const random = seededRandom(1);
  for (const [failures, fullMs] of [
    [1, 50],
    [2, 100],
    [3, 200],
    [6, 1_600],
    [7, 2_000],
    [5_000, 2_000],
  ]) {
    const waits = Array.from({ length: 200 }, () => backoffMs(RANGE, failures ?? 0, random));
    const full = fullMs ?? 0;
    assert.ok(
      waits.every((ms) => ms >= full / 2 && ms < full),
      `${failures}: ${waits}`,
    );
    assert.ok(Math.max(...waits) - Math.min(...waits) > full / 4, 'spread');
  }
});
