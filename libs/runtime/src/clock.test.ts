import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from './clock.ts';

test('a timer of months is not due at once', async () => {
  const months = 2 ** 33;
  let due = 0;
  using _timer = systemClock.startTimer(months, () => {
    due++;
  });
  const given = new AbortController();
  const sleeping = systemClock.sleep(months, given.signal).then(
    () => due++,
    () => {},
  );
  await systemClock.sleep(20);
  assert.equal(due, 0);
  given.abort();
  await sleeping;
});
