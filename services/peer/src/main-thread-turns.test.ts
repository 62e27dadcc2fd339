import assert from 'node:assert/strict';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { busyMsOf, createTurns, noteTurn } from './main-thread-turns.ts';

test('a thread is busy from its last turn on, and neither busy nor alive while it is cut off', () => {
  const turns = createTurns();
  assert.equal(busyMsOf(turns), undefined, 'not before it has turned');
  noteTurn(turns, true);
  const before = busyMsOf(turns);
  assert.ok(before !== undefined && before < 1_000, `${before}`);
  const endMs = performance.now() + 50;
  while (performance.now() < endMs);
  const after = busyMsOf(turns);
  assert.ok(after !== undefined && after >= before + 49, `${after}`);
  noteTurn(turns, false);
  assert.equal(busyMsOf(turns), undefined);
});

test('another thread sees it by the same clock', async () => {
  const turns = createTurns();
  noteTurn(turns, true);
  const module = new URL('./main-thread-turns.ts', import.meta.url).href;
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { busyMsOf } from ${JSON.stringify(module)};
    parentPort.postMessage(busyMsOf(workerData));
  `;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const startedMs = performance.now();
  const thread = new Worker(url, { workerData: turns });
  const busyMs = await new Promise<number>((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
  });
  await thread.terminate();
  const upperMs = performance.now() - startedMs + 1_000;
  assert.ok(busyMs >= 0 && busyMs <= upperMs, `${busyMs} of ${upperMs}`);
});
