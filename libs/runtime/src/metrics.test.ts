import assert from 'node:assert/strict';
import test from 'node:test';
import { register } from 'prom-client';
import { createMetrics } from './metrics.ts';

test('two peers in one process share no metric, and none is global', async () => {
  const [one, two] = [createMetrics({ prefix: 'p_' }), createMetrics({ prefix: 'p_' })];
  const counters = [one, two].map((metrics) =>
    metrics.counter({ name: 'writes_total', help: 'Writes.', labels: ['shard'] }),
  );
  counters[0]?.inc({ shard: '3' }, 2);
  assert.match(await one.registry.metrics(), /^p_writes_total\{shard="3"\} 2$/m);
  assert.doesNotMatch(await two.registry.metrics(), /^p_writes_total\{/m);
  assert.equal(register.getMetricsAsArray().length, 0);
});

test('a gauge that collects is asked when the metrics are read', async () => {
  const metrics = createMetrics();
  let size = 1;
  metrics.gauge({ name: 'queue_size', help: 'Items.', collect: (gauge) => gauge.set(size) });
  assert.match(await metrics.registry.metrics(), /^queue_size 1$/m);
  size = 5;
  assert.match(await metrics.registry.metrics(), /^queue_size 5$/m);
});

test('a histogram counts by its buckets', async () => {
  const metrics = createMetrics({ prefix: 'p_' });
  const histogram = metrics.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [1, 2] });
  histogram.observe(1.5);
  const text = await metrics.registry.metrics();
  assert.match(text, /^p_wait_seconds_bucket\{le="1"\} 0$/m);
  assert.match(text, /^p_wait_seconds_bucket\{le="2"\} 1$/m);
});
