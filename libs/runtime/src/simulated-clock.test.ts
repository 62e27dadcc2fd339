import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { SimulatedClock } from './simulated-clock.ts';

test('sleepers wake in the order of their due times, each at its time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(1_000), { maxLength: 20 }), async (delays) => {
      const clock = new SimulatedClock(0);
      const woken: { delay: number; index: number; atMs: number }[] = [];
      for (const [index, delay] of delays.entries()) {
        void clock.sleep(delay).then(() => woken.push({ delay, index, atMs: clock.nowMs() }));
      }
      await clock.advance(1_000);
      const expected = delays
        .map((delay, index) => ({ delay, index, atMs: delay }))
        .sort((a, b) => a.delay - b.delay || a.index - b.index);
      assert.deepEqual(woken, expected);
      assert.equal(clock.monotonicMs(), 1_000);
    }),
  );
});

test('what a sleeper does on waking is over before the next one wakes', async () => {
  const clock = new SimulatedClock();
  const order: string[] = [];
  const work = async (name: string, ms: number) => {
    await clock.sleep(ms);
    order.push(`${name} starts`);
    for (let i = 0; i < 10; i++) await null;
    order.push(`${name} ends`);
  };
  const all = [work('b', 20), work('a', 10)];
  await clock.advance(20);
  await Promise.all(all);
  assert.deepEqual(order, ['a starts', 'a ends', 'b starts', 'b ends']);
});

test('a sleeper that sleeps again wakes within the same advance', async () => {
  const clock = new SimulatedClock();
  let ticks = 0;
  void (async () => {
    while (ticks < 100) {
      await clock.sleep(10);
      ticks++;
    }
  })();
  await clock.advance(55);
  assert.equal(ticks, 5);
  assert.equal(clock.nextDueMs, 5);
});

test('an aborted sleep rejects with the reason and is not due any more', async () => {
  const clock = new SimulatedClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(10, controller.signal);
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(sleeping, reason);
  await assert.rejects(clock.sleep(10, controller.signal), reason);
  assert.equal(clock.nextDueMs, undefined);
});

test('the date is always in whole milliseconds', async () => {
  const clock = new SimulatedClock(1_000);
  await clock.advance(0.75);
  assert.equal(clock.nowMs(), 1_000);
  assert.equal(clock.monotonicMs(), 0.75);
});
