// The measure of the survival test: a gap that never ends must not go unseen.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { History } from './history.ts';
import { Workload } from './workload.ts';

/** Answers 200 until it is told to fail, and 503 while it fails. */
async function startServer() {
  let isFailing = false;
  let failures = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (isFailing) failures++;
    response.writeHead(isFailing ? 503 : 200).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}`,
    failures: () => failures,
    fail: (value: boolean) => {
      isFailing = value;
    },
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function begin(url: string, gapMaxMs: number): Workload {
  return new Workload({
    urls: [url],
    collection: 'c',
    history: new History(),
    random: seededRandom(1),
    writers: 1,
    keysPerWriter: 100,
    searchers: 1,
    gapMaxMs,
  });
}

test('a gap that has begun is measured to its end, also after the workload was told to stop', async () => {
  using server = await startServer();
  const workload = begin(server.url, 60_000);
  await until('something is acknowledged', async () => workload.acknowledged > 0);
  server.fail(true);
  await until('both fail', async () => server.failures() > 4);
  const stopping = workload.stop();
  await sleep(300);
  server.fail(false);
  const { searchGapMs, writeGapMs } = await stopping;
  assert.ok(searchGapMs >= 290 && writeGapMs >= 290, `${searchGapMs}, ${writeGapMs}`);
});

test('a gap without an end is given up, and is as long as was waited for', async () => {
  using server = await startServer();
  const workload = begin(server.url, 400);
  await until('something is acknowledged', async () => workload.acknowledged > 0);
  server.fail(true);
  await until('both fail', async () => server.failures() > 4);
  const { searchGapMs, writeGapMs } = await workload.stop();
  assert.ok(searchGapMs >= 400 && writeGapMs >= 400, `${searchGapMs}, ${writeGapMs}`);
});
