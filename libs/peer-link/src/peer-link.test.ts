import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { collectionId, peerId, shardId } from '@tributary/model';
import type { PeerHandlers, ReplicaClient } from '@tributary/replica-api';
import { SimulatedClock, silentLogger, systemClock, TributaryError } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { introduceTo, PeerConnection, startPeerServer } from './index.ts';
import { PEER_SERVICE } from './peer-service.ts';

const target = (shard: number) => ({ collection: collectionId('c'), shard: shardId(shard) });
const introduction = { peer: peerId(7), version: '1', natsUrls: ['nats://127.0.0.1:4222'] };
const PAYLOAD = Buffer.from(JSON.stringify({ text: 'x'.repeat(1_000) }));

/** Counts its shard number, scrolls as many points; shard 1 does not exist, shard 2 answers once it is let. */
function createReplicas() {
  const held = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const client: ReplicaClient = {
    async call(at, call, signal) {
      if (signal !== undefined) signals.push(signal);
      if (at.shard === 1) throw new TributaryError('not_found', `no shard ${at.shard}`);
      if (at.shard === 2) await held.promise;
      const records = Array.from({ length: at.shard }, (_, id) => ({
        id,
        version: 1,
        payload: PAYLOAD,
      }));
      return (call.kind === 'scroll' ? records : at.shard) as never;
    },
  };
  return { client, signals, letGo: held.resolve };
}

const introduce = () => introduction;

async function start(handlers: Partial<PeerHandlers> = {}, clock = systemClock, port = 0) {
  return await startPeerServer({
    host: '127.0.0.1',
    port,
    handlers: { replicas: createReplicas().client, introduce, ...handlers },
    clock,
    logger: silentLogger,
  });
}

function connect(port: number) {
  const uri = `http://127.0.0.1:${port}`;
  const options = { peer: peerId(7), uri, clock: systemClock, callTimeoutMs: 10_000 };
  const connection = new PeerConnection(options);
  const count = (shard: number, signal?: AbortSignal) =>
    connection.call<'count'>(target(shard), { kind: 'count' }, signal);
  return { connection, count, [Symbol.dispose]: () => connection.close() };
}

const soon = () => systemClock.nowMs() + 10_000;

test('a peer introduces itself', async () => {
  await using server = await start();
  assert.deepEqual(await introduceTo(`http://127.0.0.1:${server.port}`, soon()), introduction);
});

test('a peer that refuses to introduce itself says why; where none is, that is said', async () => {
  const refusal = new TributaryError('unavailable', 'peer 7 was removed');
  const refuse = () => {
    throw refusal;
  };
  const server = await start({ introduce: refuse });
  const uri = `http://127.0.0.1:${server.port}`;
  await assert.rejects(introduceTo(uri, soon()), { code: 'unavailable', message: refusal.message });
  await server.close();
  const expected = { code: 'unavailable', message: /^no peer answers at http/ };
  await assert.rejects(introduceTo(uri, systemClock.nowMs() + 300), expected);
});

test('many calls at once have each its answer, and an error keeps its code and text', async () => {
  await using server = await start();
  using peer = connect(server.port);
  const shards = Array.from({ length: 500 }, (_, i) => i + 3);
  assert.deepEqual(await Promise.all(shards.map((shard) => peer.count(shard))), shards);
  await assert.rejects(peer.count(1), { code: 'not_found', message: 'no shard 1' });
});

test('a large answer is whole, is held as it comes, and does not delay a small one', async () => {
  await using server = await start();
  using peer = connect(server.port);
  let held = 0;
  const hold = (bytes: number) => {
    held += bytes;
  };
  const projection = { payload: { kind: 'all' }, vectors: { kind: 'none' } } as const;
  const call = { kind: 'scroll', query: { limit: 50_000, projection } } as const;
  const order: string[] = [];
  const large = peer.connection.call<'scroll'>(target(30_000), call, undefined, hold);
  const both = [
    large.then(() => order.push('large')),
    peer.count(3).then(() => order.push('small')),
  ];
  await Promise.all(both);
  assert.deepEqual(order, ['small', 'large']);
  assert.equal((await large).length, 30_000);
  assert.ok(held > 30_000_000, `${held} bytes held`);
});

test('a call that is given up is given up at the other peer', async () => {
  const replicas = createReplicas();
  await using server = await start({ replicas: replicas.client });
  using peer = connect(server.port);
  const controller = new AbortController();
  const call = peer.count(2, controller.signal);
  await until('asked', async () => replicas.signals.length > 0);
  controller.abort(new TributaryError('timeout', 'too late'));
  await assert.rejects(call, { code: 'timeout' });
  await until('given up', async () => replicas.signals[0]?.aborted === true);
  replicas.letGo();
  assert.equal(await peer.count(3), 3);
});

test('a peer that is abandoned fails what is in flight, and is asked again by the next call', async () => {
  const replicas = createReplicas();
  await using server = await start({ replicas: replicas.client });
  using peer = connect(server.port);
  const call = peer.count(2);
  await until('asked', async () => replicas.signals.length > 0);
  peer.connection.abandon();
  await assert.rejects(call, { code: 'unavailable', message: /peer 7 at http.* fell silent/ });
  await until('given up', async () => replicas.signals[0]?.aborted === true);
  assert.equal(await peer.count(3), 3);
});

test('a peer that is gone is unavailable at once, and is found again when it is back', async () => {
  const server = await start();
  using peer = connect(server.port);
  assert.equal(await peer.count(3), 3);
  await server.close();
  await assert.rejects(peer.count(3), { code: 'unavailable', message: /^peer 7 at http/ });
  await using _ = await start({}, systemClock, server.port);
  await until('it answers', async () => (await peer.count(3).catch(() => 0)) === 3);
});

test('an open channel does not hold up the end of the server, which answers what it has taken', async () => {
  // Time stands still for it, so it cannot end by waiting.
  const replicas = createReplicas();
  const server = await start({ replicas: replicas.client }, new SimulatedClock());
  using peer = connect(server.port);
  const call = peer.count(2);
  await until('asked', async () => replicas.signals.length > 0);
  const closed = server.close();
  replicas.letGo();
  assert.equal(await call, 2);
  await closed;
});

test('bytes that are no frames end their channel, and the server goes on', async () => {
  await using server = await start();
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = PEER_SERVICE.channel;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const failed = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
  stream.on('data', () => {});
  stream.write(Buffer.from([1, 2, 3]));
  const error = await failed;
  assert.equal(error.code, status.INVALID_ARGUMENT);
  assert.match(error.details, /^corrupt: /);
  client.close();
  using peer = connect(server.port);
  assert.equal(await peer.count(3), 3);
});

test('a peer of another version that asks what is not known here is refused, and may ask on', async () => {
  await using server = await start();
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  const before = '/tributary.Peer/Converse';
  const code = await new Promise((resolve) => {
    client.makeUnaryRequest(before, asIs, asIs, Buffer.alloc(0), (error) => resolve(error?.code));
  });
  assert.equal(code, status.UNIMPLEMENTED);
  client.close();
});

test('a port in use is said to be', async () => {
  await using server = await start();
  await assert.rejects(start({}, systemClock, server.port), { code: 'unavailable' });
});

test('a server with nothing in flight closes at once', async () => {
  const server = await start();
  using peer = connect(server.port);
  await peer.count(3);
  const closed = await Promise.race([server.close().then(() => true), sleep(1_500)]);
  assert.equal(closed, true);
});
