import assert from 'node:assert/strict';
import test from 'node:test';
import { collectWhenIdle } from './collect-when-idle.ts';
import { until } from './testing/index.ts';

test('what a burst left behind is collected while the thread is idle', async () => {
  const collected = new Set<number>();
  const registry = new FinalizationRegistry<number>((i) => collected.add(i));
  using _collecting = collectWhenIdle();
  makeGarbage(registry);
  await until('it is collected', async () => collected.size >= 90, 200);
  assert.ok(collected.size <= 100);
});

/** 100 buffers of 1 MiB, which nothing refers to once this has returned. */
function makeGarbage(registry: FinalizationRegistry<number>): void {
  for (let i = 0; i < 100; i++) registry.register(new ArrayBuffer(1024 * 1024), i);
}
