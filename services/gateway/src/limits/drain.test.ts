import assert from 'node:assert/strict';
import { connect } from 'node:net';
import test from 'node:test';
import { startMemoryCluster } from '../testing/memory-cluster.ts';

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
