import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TcpProxy } from './tcp-proxy.ts';

/** A server that sends back what it gets. */
async function startEcho() {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  return { port: address.port, [Symbol.dispose]: () => void server.close() };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function echoOf(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = await once(socket, 'data');
  return String(bytes);
}

/** Unlike `once`, it does not mind the error that comes before. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

test('a cut link resets what is open and refuses what comes, until it is healed', async () => {
  using echo = await startEcho();
  await using proxy = await TcpProxy.start(echo.port);
  const socket = await open(proxy.port);
  assert.equal(await echoOf(socket, 'before'), 'before');
  const closed = closeOf(socket);
  proxy.cut();
  await closed;
  const refused = connect(proxy.port, '127.0.0.1');
  refused.on('error', () => {});
  await closeOf(refused);
  proxy.heal();
  const again = await open(proxy.port);
  assert.equal(await echoOf(again, 'after'), 'after');
  again.destroy();
});

test('a frozen link keeps what is sent back until it is healed', async () => {
  using echo = await startEcho();
  await using proxy = await TcpProxy.start(echo.port);
  const socket = await open(proxy.port);
  assert.equal(await echoOf(socket, 'before'), 'before');
  proxy.freeze();
  let hasArrived = false;
  socket.once('data', () => {
    hasArrived = true;
  });
  socket.write('meanwhile');
  await sleep(200);
  assert.ok(!hasArrived);
  const arrival = once(socket, 'data');
  proxy.heal();
  assert.equal(String((await arrival)[0]), 'meanwhile');
  socket.destroy();
});
