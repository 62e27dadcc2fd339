import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchEventLoopDelay } from './event-loop-delay.ts';
import { expositionText } from './exposition.ts';
import { createMetrics } from './metrics.ts';

test('a blocked thread is reported for as long as it was blocked, and nothing after the end', async () => {
  const metrics = createMetrics();
  const watch = watchEventLoopDelay(metrics);
  const countAbove = (seconds: number) => {
    const text = expositionText(metrics.families());
    const count = (label: string) =>
      Number(new RegExp(`delay_seconds_bucket\\{le="${label}"\\} (\\d+)`).exec(text)?.[1]);
    return count('\\+Inf') - count(String(seconds));
  };
  await sleep(30);
  assert.equal(countAbove(0.25), 0);
  const endMs = performance.now() + 300;
  while (performance.now() < endMs);
  await sleep(30);
  assert.equal(countAbove(0.25), 1);
  watch[Symbol.dispose]();
  const before = metrics.families();
  await sleep(30);
  assert.deepEqual(metrics.families(), before);
});
