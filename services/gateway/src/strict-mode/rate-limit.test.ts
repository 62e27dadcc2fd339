import assert from 'node:assert/strict';
import test from 'node:test';
import { SimulatedClock } from '@tributary/runtime';
import fc from 'fast-check';
import { RateLimit } from './rate-limit.ts';

test('no more than the limit and what has flowed in since is ever taken', async () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.nat(90_000), cost: fc.integer({ min: 1, max: 9 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), steps, async (perMinute, taken) => {
      const clock = new SimulatedClock();
      const limit = new RateLimit(perMinute, clock);
      let total = 0;
      let elapsedMs = 0;
      for (const { afterMs, cost } of taken) {
        await clock.advance(afterMs);
        elapsedMs += afterMs;
        if (limit.take(cost) === 0) total += cost;
        assert.ok(total <= perMinute * (1 + elapsedMs / 60_000) + 1e-6);
      }
    }),
  );
});

test('what is refused is granted after the time told, and what can never be granted is told so', async () => {
  const clock = new SimulatedClock();
  const limit = new RateLimit(6, clock);
  assert.equal(limit.take(6), 0);
  const waitMs = limit.take(2);
  assert.equal(waitMs, 20_000);
  await clock.advance(waitMs - 1);
  assert.notEqual(limit.take(2), 0);
  await clock.advance(1);
  assert.equal(limit.take(2), 0);
  assert.equal(limit.take(7), Number.POSITIVE_INFINITY);
});
