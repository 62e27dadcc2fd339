import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { collectionId, peerId, shardId } from '@tributary/model';
import {
  joinFrames,
  numbered,
  PEER_SERVICE,
  type RawMethod,
  type ReplicaClient,
  readNumbered,
  readPeerAnswer,
  splitFrames,
} from '@tributary/replica-api';
import {
  type Clock,
  SimulatedClock,
  silentLogger,
  systemClock,
  TributaryError,
} from '@tributary/runtime';
import { decodeIntroduction, encodeCall } from '@tributary/wire';
import { startPeerServer } from './peer-server.ts';

const target = { collection: collectionId('c'), shard: shardId(3) };
const introduction = { peer: peerId(7), version: '1', natsUrls: ['nats://127.0.0.1:4222'] };
const refusing: ReplicaClient = {
  call: (at) => Promise.reject(new TributaryError('not_found', `no shard ${at.shard}`)),
};

async function start(clock: Clock = systemClock) {
  return await startPeerServer({
    host: '127.0.0.1',
    port: 0,
    handlers: { replicas: refusing, introduce: () => introduction },
    clock,
    logger: silentLogger,
  });
}

function ask(port: number, method: RawMethod<false>, request: Buffer): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, bytes) => {
        client.close();
        if (error !== null) reject(error);
        else if (bytes !== undefined) resolve(bytes);
      },
    );
  });
}

test('a peer introduces itself', async () => {
  await using server = await start();
  const bytes = await ask(server.port, PEER_SERVICE.introduce, Buffer.alloc(0));
  assert.deepEqual(decodeIntroduction(bytes), introduction);
});

test('the error of a replica reaches the caller with its code and text', async () => {
  await using server = await start();
  const message = joinFrames([encodeCall(target, { kind: 'count' })]);
  const [frame] = splitFrames(await ask(server.port, PEER_SERVICE.call, message));
  assert.ok(frame);
  const error = { code: 'not_found', message: 'no shard 3' };
  assert.throws(() => readPeerAnswer('count', frame), error);
});

test('calls of a conversation are answered under their numbers', async () => {
  await using server = await start();
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = PEER_SERVICE.converse;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const message = joinFrames([encodeCall(target, { kind: 'count' })]);
  for (const number of [5, 9]) stream.write(numbered(number, message));
  stream.end();
  const numbers: number[] = [];
  for await (const whole of stream) {
    const answer = readNumbered(whole);
    const [frame] = splitFrames(answer.message);
    assert.ok(frame);
    assert.throws(() => readPeerAnswer('count', frame), { code: 'not_found' });
    numbers.push(answer.number);
  }
  client.close();
  assert.deepEqual(numbers, [5, 9]);
});

test('an open conversation does not hold up the end of the server', async () => {
  // Time stands still for it, so it cannot end by waiting.
  const server = await start(new SimulatedClock());
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = PEER_SERVICE.converse;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const message = joinFrames([encodeCall(target, { kind: 'count' })]);
  stream.write(numbered(1, message));
  await new Promise((resolve) => stream.once('data', resolve));
  const ended = new Promise((resolve) => stream.once('end', resolve));
  await server.close();
  await ended;
  client.close();
});

test('bytes that are no calls are refused and the server goes on', async () => {
  await using server = await start();
  await assert.rejects(ask(server.port, PEER_SERVICE.call, Buffer.from([1, 2, 3])), /corrupt/);
  await ask(server.port, PEER_SERVICE.introduce, Buffer.alloc(0));
});

test('a port in use is said to be', async () => {
  await using server = await start();
  const second = startPeerServer({
    host: '127.0.0.1',
    port: server.port,
    handlers: { replicas: refusing, introduce: () => introduction },
    clock: systemClock,
    logger: silentLogger,
  });
  await assert.rejects(second, { code: 'unavailable' });
});
