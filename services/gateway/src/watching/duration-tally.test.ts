import assert from 'node:assert/strict';
import test from 'node:test';
import { DURATION_BUCKETS_SECONDS } from '@tributary/runtime';
import fc from 'fast-check';
import { DurationTally } from './duration-tally.ts';

const durations = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 60, noNaN: true }),
    fc.constantFrom(...DURATION_BUCKETS_SECONDS),
  ),
  { maxLength: 50 },
);

test('a tally says of any durations what sorting and counting them says', () => {
  fc.assert(
    fc.property(durations, (seconds) => {
      const tally = new DurationTally();
      for (const each of seconds) tally.add(each);
      assert.equal(tally.count, seconds.length);
      assert.equal(tally.minSec, Math.min(...seconds));
      assert.equal(tally.maxSec, Math.max(0, ...seconds));
      const total = seconds.reduce((sum, each) => sum + each, 0);
      assert.equal(tally.totalSec, total);
      assert.equal(tally.averageSec, seconds.length === 0 ? 0 : total / seconds.length);
      const samples = tally.histogram({ a: 'b' });
      for (const bound of DURATION_BUCKETS_SECONDS) {
        const bucket = samples.find(({ labels }) => labels?.le === String(bound));
        assert.equal(bucket?.value, seconds.filter((each) => each <= bound).length);
        assert.equal(bucket?.labels?.a, 'b');
      }
    }),
  );
});
