import assert from 'node:assert/strict';
import test from 'node:test';
import { sampleHash } from './sample-hash.ts';

test('over many seeds every point is about as often among the first by its hash as any other', () => {
  const ids = [0, 1, 2, 3, 2 ** 40, 2n ** 63n, '00000000-0000-4000-8000-000000000001', 7];
  const counts = new Map(ids.map((id) => [id, 0]));
  for (let seed = 0; seed < 8_000; seed++) {
    const first = ids.toSorted((a, b) => sampleHash(a, seed) - sampleHash(b, seed)).slice(0, 2);
    for (const id of first) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  // 2,000 each are due; six standard deviations of a binomial are 232.
  for (const [id, count] of counts) assert.ok(Math.abs(count - 2_000) < 232, `${id}: ${count}`);
});
