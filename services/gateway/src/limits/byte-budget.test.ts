import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';
import { ByteBudget } from './byte-budget.ts';

const MEBIBYTE = 1024 * 1024;

test('what one request holds is there for others once it is answered, and not twice', () => {
  const budget = new ByteBudget(10, 'of requests are held');
  const first = budget.share();
  first.take(6);
  first.take(3);
  assert.throws(() => budget.share().take(2), { code: 'unavailable' });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(budget.held, 0);
  budget.share().take(10);
});

async function started(): Promise<MemoryCluster> {
  const config = { requestBytesMax: 3 * MEBIBYTE, maxRequestBytes: 2 * MEBIBYTE };
  const cluster = await startMemoryCluster({ peers: 1, config });
  const vectors = { size: 2, distance: 'Dot' };
  await post(cluster, 'PUT', '/collections/c', JSON.stringify({ vectors }));
  return cluster;
}

async function post(
  cluster: MemoryCluster,
  method: string,
  path: string,
  body: string | Buffer,
  headers = {},
) {
  const bytes = typeof body === 'string' ? body : new Uint8Array(body);
  const answer = await fetch(`${cluster.url()}${path}`, { method, body: bytes, headers });
  return { status: answer.status, text: await answer.text() };
}

async function get(cluster: MemoryCluster, path: string) {
  const answer = await fetch(`${cluster.url()}${path}`);
  return { status: answer.status, text: await answer.text() };
}

/** A valid upsert of so many bytes. */
function upsert(bytes: number): string {
  const text = 'x'.repeat(bytes);
  return JSON.stringify({ points: [{ id: 1, vector: [1, 2], payload: { text } }] });
}

/** Announces and sends the beginning of a body, and then nothing. */
async function half(cluster: MemoryCluster, sent: number) {
  const { port } = new URL(cluster.url());
  const pending = request({
    port,
    method: 'PUT',
    path: '/collections/c/points',
    headers: { 'content-length': 2 * MEBIBYTE },
  });
  pending.on('error', () => {});
  const answer = new Promise<number>((resolve) => {
    pending.on('response', (response) => resolve(response.statusCode ?? 0));
    pending.on('close', () => resolve(0));
  });
  await new Promise((resolve) => pending.write(Buffer.alloc(sent, 32), resolve));
  return { answer, [Symbol.dispose]: () => void pending.destroy() };
}

test('bodies beyond what may be held are refused, small ones and later ones are served', async () => {
  await using cluster = await started();
  // Each has sent nearly all it may, and two of them more than there is room for.
  const uploads = [await half(cluster, 1_900_000), await half(cluster, 1_900_000)];
  const refused = await Promise.race(uploads.map(({ answer }) => answer));
  assert.equal(refused, 503);
  const count = await post(cluster, 'POST', '/collections/c/points/count', '{}');
  assert.equal(count.status, 200, count.text);
  for (const upload of uploads) upload[Symbol.dispose]();
  for (let i = 0; i < 4; i++) await eventuallyWritten(cluster, upsert(400_000));
});

/** A connection that was ended gives its bytes back a moment later. */
async function eventuallyWritten(cluster: MemoryCluster, body: string | Buffer, headers = {}) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const written = await post(cluster, 'PUT', '/collections/c/points', body, headers);
    if (written.status === 200) return;
    assert.equal(written.status, 503, written.text);
    assert.match(written.text, /bytes of other requests are held already/);
    assert.ok(performance.now() < deadline, 'the bytes are given back');
  }
}

test('a packed body counts as large as it may become', async () => {
  await using cluster = await started();
  const packed = gzipSync(upsert(400_000));
  const headers = { 'content-encoding': 'gzip' };
  const deadline = performance.now() + 60_000;
  for (let status = 0; status !== 503; ) {
    assert.ok(performance.now() < deadline, 'there is no room for both');
    // Whichever of them comes first has the room.
    using upload = await half(cluster, 1_900_000);
    const written = await post(cluster, 'PUT', '/collections/c/points', packed, headers);
    status = written.status === 503 ? 503 : await Promise.race([upload.answer, sleep(500, 0)]);
  }
  await eventuallyWritten(cluster, packed, headers);
});

test('a drain does not wait for requests that are never sent whole', async () => {
  const config = { drainTimeoutMs: 3_600_000 };
  await using cluster = await startMemoryCluster({ peers: 1, config });
  const rest = connect(Number(new URL(cluster.url()).port), '127.0.0.1');
  const grpc = connect(cluster.grpcPort(), '127.0.0.1');
  for (const socket of [rest, grpc]) socket.on('error', () => {});
  const head = 'PUT /collections/c/points HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{';
  await new Promise((resolve) => rest.write(head, resolve));
  await new Promise((resolve) => grpc.write('PRI * HTTP/2.0\r\n\r\nSM', resolve));
  const answer = await fetch(`${cluster.url()}/healthz`);
  assert.equal(answer.status, 200, await answer.text());
  await cluster.peer(0).gateway.drain();
  for (const socket of [rest, grpc]) socket.destroy();
});

test('answers that nobody takes fill what there is for them and no more, and small ones go on', async () => {
  const config = { answerBytesMax: 700_000 };
  await using cluster = await startMemoryCluster({ peers: 1, config });
  const vectors = { size: 2, distance: 'Dot' };
  await post(cluster, 'PUT', '/collections/c', JSON.stringify({ vectors }));
  await eventuallyWritten(cluster, upsert(400_000));
  const read = () => get(cluster, '/collections/c/points/1');
  assert.equal((await read()).status, 200);
  const deaf = connect(Number(new URL(cluster.url()).port), '127.0.0.1').pause();
  deaf.on('error', () => {});
  const deadline = performance.now() + 60_000;
  // The system's own buffers take the first ones.
  for (let answer = await read(); answer.status !== 503; answer = await read()) {
    assert.ok(performance.now() < deadline, 'the answers fill the room');
    deaf.write('GET /collections/c/points/1 HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(10));
  }
  const count = await post(cluster, 'POST', '/collections/c/points/count', '{}');
  assert.equal(count.status, 200, count.text);
  deaf.destroy();
  while ((await read()).status !== 200) {
    assert.ok(performance.now() < deadline, 'the room is given back');
  }
});
