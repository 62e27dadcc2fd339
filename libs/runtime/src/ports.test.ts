import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import test from 'node:test';
import { freePorts, portError } from './ports.ts';

const HOST = '127.0.0.1';

test('free ports are different and can be listened on', async () => {
  const ports = await freePorts(20, HOST);
  assert.equal(new Set(ports).size, 20);
  for (const port of ports) assert.equal(await portError(port, HOST), undefined);
});

test('a port that is listened on is in use', async () => {
  const [port = 0] = await freePorts(1, HOST);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  try {
    assert.equal(await portError(port, HOST), 'EADDRINUSE');
  } finally {
    server.close();
  }
});
