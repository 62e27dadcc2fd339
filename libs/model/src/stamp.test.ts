import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { NO_STAMP, nextStamp, type Stamp } from './stamp.ts';

test('stamps rise strictly, and are never before the time, for any clocks', () => {
  const times = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(times, (list) => {
      let last: Stamp = NO_STAMP;
      for (const timeMs of list) {
        const stamp = nextStamp(last, timeMs);
        assert.ok(Number.isSafeInteger(stamp));
        assert.ok(stamp > last);
        assert.ok(stamp / 1_024 >= Math.min(timeMs, 2 ** 42));
        last = stamp;
      }
    }),
  );
});

test('a stamp is of its time where clocks agree, and counts on where one is behind', () => {
  const first = nextStamp(NO_STAMP, 1_000);
  assert.equal(first, 1_024_000);
  assert.equal(nextStamp(first, 1_001), 1_025_024);
  assert.equal(nextStamp(first, 1_000), 1_024_001);
  assert.equal(nextStamp(first, 3), 1_024_001);
});
