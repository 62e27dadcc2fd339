import assert from 'node:assert/strict';
import test from 'node:test';
import { gauge } from './exposition.ts';
import { createMetrics } from './metrics.ts';

test('what registered is asked at each reading, and two peers in one process share nothing', () => {
  const [one, two] = [createMetrics({ prefix: 'p_' }), createMetrics()];
  let size = 1;
  one.register(() => [gauge('queue_size', 'Items', size)]);
  one.register(() => [gauge('open', 'Whether it is open', 1)]);
  const told = () => one.families().map(({ name, samples }) => [name, samples[0]?.value]);
  assert.deepEqual(told(), [
    ['queue_size', 1],
    ['open', 1],
  ]);
  size = 5;
  assert.deepEqual(told()[0], ['queue_size', 5]);
  assert.deepEqual(two.families(), []);
});
