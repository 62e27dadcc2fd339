import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import { freePorts } from '@tributary/runtime';
import { HOST } from './layout.ts';
import { LaunchError } from './options.ts';
import { checkPortsFree, untilReady } from './readiness.ts';

/** A server that is not ready until it was asked `busy` times. */
async function startBusy(busy: number) {
  let asked = 0;
  const server = createServer((_request, response) => {
    response.writeHead(++asked > busy ? 200 : 503);
    response.end('some shards are not ready');
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    url: `http://${HOST}:${address.port}/readyz`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const { signal } = new AbortController();

test('who answers that it is busy is waited for, however long, and that is reported', async () => {
  using server = await startBusy(100);
  const told: string[] = [];
  const whileBusy = (answer: string) => void told.push(answer);
  const waiting = { name: 'peer-1', url: server.url, signal, whileBusy, busyToldEveryMs: 0 };
  // Time enough for some questions, and not for a hundred.
  await untilReady({ ...waiting, timeoutMs: 1_500 });
  assert.equal(told.length, 100);
  assert.equal(told[0], '503 some shards are not ready');
});

test('who answers nothing, or must be ready in time, is given up with what it answered last', async () => {
  const [port] = await freePorts(1, HOST);
  const url = `http://${HOST}:${port}/readyz`;
  const silent = { name: 'peer-1', url, timeoutMs: 100, signal, whileBusy: () => {} };
  await assert.rejects(untilReady(silent), /peer-1 is not ready after 0.1 s: .* answers nothing/);
  using server = await startBusy(Number.POSITIVE_INFINITY);
  const late = { name: 'peer-1', url: server.url, timeoutMs: 100, signal };
  await assert.rejects(untilReady(late), /answers 503 some shards are not ready/);
});

test('a port in use is named with what it is for', async () => {
  using server = await startBusy(0);
  await assert.rejects(
    checkPortsFree([{ port: server.port, purpose: 'REST of peer-1' }]),
    (error) =>
      error instanceof LaunchError &&
      error.message.includes(`port ${server.port} (REST of peer-1) is in use`),
  );
});
