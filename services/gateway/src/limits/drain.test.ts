import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pointsService } from '@tributary/qdrant-api';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

test('a drain does not wait for requests that are never sent whole', async () => {
  const config = { drainTimeoutMs: 3_600_000 };
  await using cluster = await startMemoryCluster({ peers: 1, config });
  const rest = connect(Number(new URL(cluster.url()).port), '127.0.0.1').on('error', () => {});
  const grpc = connect(cluster.grpcPort(), '127.0.0.1').on('error', () => {});
  const head = 'PUT /collections/c/points HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{';
  await new Promise((resolve) => rest.write(head, resolve));
  await new Promise((resolve) => grpc.write('PRI * HTTP/2.0\r\n\r\nSM', resolve));
  const answer = await fetch(`${cluster.url()}/healthz`);
  assert.equal(answer.status, 200, await answer.text());
  await cluster.peer(0).gateway.drain();
  for (const socket of [rest, grpc]) socket.destroy();
});

const POINTS = 40;
const TEXT = 'x'.repeat(500_000);

/** More than the system's own buffers take: the rest waits in the peer until the client reads. */
async function startedWithLargeAnswers(drainTimeoutMs: number): Promise<MemoryCluster> {
  const cluster = await startMemoryCluster({ peers: 1, config: { drainTimeoutMs } });
  const points = Array.from({ length: POINTS }, (_, id) => {
    return { id, vector: [1, 2], payload: { text: TEXT } };
  });
  for (const [path, body] of [
    ['', { vectors: { size: 2, distance: 'Dot' } }],
    ['/points?wait=true', { points }],
  ] as const) {
    const url = `${cluster.url()}/collections/c${path}`;
    const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  }
  return cluster;
}

/** An answer whose head has come, and of which nothing is taken until it is read. */
async function restAnswer(cluster: MemoryCluster): Promise<IncomingMessage> {
  const asked = request(`${cluster.url()}/collections/c/points/scroll`, { method: 'POST' });
  asked.end(JSON.stringify({ limit: POINTS }));
  const [answer] = await once(asked, 'response');
  return answer;
}

async function grpcAnswer(cluster: MemoryCluster): Promise<Readable> {
  const session = connectHttp2(`http://127.0.0.1:${cluster.grpcPort()}`);
  const { path, requestSerialize } = pointsService.scroll;
  const bytes = requestSerialize({
    collectionName: 'c',
    filter: undefined,
    withPayload: { enable: true },
    withVectors: undefined,
    limit: POINTS,
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...headers, ':path': path });
  stream.end(Buffer.concat([head, bytes])).on('close', () => session.close());
  await once(stream, 'response');
  return stream;
}

for (const [protocol, ask] of [
  ['REST', restAnswer],
  ['gRPC', grpcAnswer],
] as const) {
  test(`a drain waits for a large answer that is being taken, over ${protocol}`, async () => {
    await using cluster = await startedWithLargeAnswers(60_000);
    const answer = await ask(cluster);
    const draining = cluster.peer(0).gateway.drain();
    const isOver = await Promise.race([draining.then(() => true), sleep(3_000, false)]);
    assert.equal(isOver, false, 'the client has not read the answer');
    const bytes = Buffer.concat(await answer.toArray());
    assert.equal(bytes.toString('latin1').split(TEXT).length - 1, POINTS);
    await draining;
  });
}

test('a drain ends in time beside a client that never reads', async () => {
  await using cluster = await startedWithLargeAnswers(2_000);
  const answer = await restAnswer(cluster);
  await cluster.peer(0).gateway.drain();
  answer.destroy();
});
