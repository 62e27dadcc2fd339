import assert from 'node:assert/strict';
import test from 'node:test';
import { sumTermStatistics, termWeights, weighted } from './inverse-frequency.ts';

test('a term weighs ln((N - n + 0.5) / (n + 0.5) + 1) over all shards together', () => {
  const indices = Uint32Array.of(3, 8);
  const statistics = sumTermStatistics([
    { points: 4, frequencies: [1, 0] },
    { points: 6, frequencies: [2, 0] },
  ]);
  assert.deepEqual(statistics, { points: 10, frequencies: [3, 0] });
  const weights = termWeights(indices, statistics);
  const vector = weighted({ indices, values: Float32Array.of(2, -1) }, weights);
  const expected = Float32Array.of(2 * Math.log(7.5 / 3.5 + 1), -Math.log(10.5 / 0.5 + 1));
  assert.deepEqual(vector, { indices, values: expected });
});
