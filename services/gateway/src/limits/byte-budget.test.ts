import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { GatewayConfig } from '../gateway-config.ts';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';
import { ByteBudget } from './byte-budget.ts';

const MEBIBYTE = 1024 * 1024;
const POINT_BYTES_MAX = 500_000;
const BODIES = { requestBytesMax: 3 * MEBIBYTE, maxRequestBytes: 2 * MEBIBYTE };

test('what one request holds is there for others once it is answered, and not twice', () => {
  const budget = new ByteBudget(10, 'of requests are held');
  const first = budget.share();
  first.take(6);
  first.take(3);
  assert.throws(() => budget.share().take(2), { code: 'exhausted' });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  first.take(1);
  assert.equal(budget.held, 0, 'nor what still comes after that');
  budget.share().take(10);
});

async function started(config: Partial<GatewayConfig> = BODIES): Promise<MemoryCluster> {
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

async function get(cluster: MemoryCluster, path: string, headers = {}) {
  const answer = await fetch(`${cluster.url()}${path}`, { headers });
  return { status: answer.status, text: await answer.text() };
}

/** A valid upsert of so many bytes and some more, in points as large as they may be. */
function upsert(bytes: number): string {
  const points = Array.from({ length: Math.ceil(bytes / POINT_BYTES_MAX) }, (_, i) => {
    const text = 'x'.repeat(Math.min(POINT_BYTES_MAX, bytes - i * POINT_BYTES_MAX));
    return { id: i + 1, vector: [1, 2], payload: { text } };
  });
  return JSON.stringify({ points });
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

/** A connection that sends what it is given and reads nothing. */
function deafTo(cluster: MemoryCluster): Socket {
  const socket = connect(Number(new URL(cluster.url()).port), '127.0.0.1').pause();
  return socket.on('error', () => {});
}

/** Resolves when the server has heard of it. */
async function hangUp(cluster: MemoryCluster, socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve).destroy());
  assert.equal((await get(cluster, '/healthz')).status, 200);
}

async function untilMetricsTell(cluster: MemoryCluster, wanted: RegExp): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!wanted.test((await get(cluster, '/metrics')).text)) {
    assert.ok(performance.now() < deadline, `${wanted}`);
  }
}

async function untilInFlight(cluster: MemoryCluster, requests: number): Promise<void> {
  await untilMetricsTell(cluster, new RegExp(`^tributary_requests_in_flight ${requests}$`, 'm'));
}

test('a body counts as long as it is worked on, though its client has hung up', async () => {
  await using cluster = await started();
  cluster.peer(0).isApplying = false;
  const body = upsert(2_000_000);
  const head = 'PUT /collections/c/points?wait=true HTTP/1.1\r\nhost: x';
  const socket = deafTo(cluster);
  socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await untilInFlight(cluster, 1);
  await hangUp(cluster, socket);
  {
    using upload = await half(cluster, 1_900_000);
    assert.equal(await Promise.race([upload.answer, sleep(30_000, 0, { ref: false })]), 503);
  }
  cluster.peer(0).isApplying = true;
  await eventuallyWritten(cluster, upsert(1_900_000));
});

test('what waits behind another answer gives its bytes back when the connection is gone', async () => {
  await using cluster = await started({ ...BODIES, answerBytesMax: 700_000 });
  const points = '/collections/c/points';
  const written = await post(cluster, 'PUT', `${points}?wait=true`, upsert(400_000));
  assert.equal(written.status, 200, written.text);
  cluster.peer(0).isApplying = false;
  await post(cluster, 'PUT', points, '{"points":[{"id":9,"vector":[1,2]}]}');
  const socket = deafTo(cluster);
  const body = upsert(2_000_000);
  // The first waits for what is not applied, the others are done and wait for the first.
  socket.write(`GET ${points}/1 HTTP/1.1\r\nhost: x\r\nx-tributary-min-sequence: 99\r\n\r\n`);
  socket.write(
    `PUT ${points} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  socket.write(`GET ${points}/1 HTTP/1.1\r\nhost: x\r\n\r\n`);
  await untilMetricsTell(cluster, /^rest_responses_total\{.*points\/\{id\}".*\} 1$/m);
  assert.equal((await get(cluster, `${points}/1`)).status, 503, 'an answer waits');
  await hangUp(cluster, socket);
  await eventuallyRead(cluster);
  await eventuallyWritten(cluster, upsert(1_900_000));
  cluster.peer(0).isApplying = true;
});

/** One answer has not enough room beside one that was not given back. */
async function eventuallyRead(cluster: MemoryCluster): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await get(cluster, '/collections/c/points/1')).status !== 200) {
    assert.ok(performance.now() < deadline, 'the room is given back');
  }
}

test('an answer whose client hung up before it was made takes no room', async () => {
  await using cluster = await started({ answerBytesMax: 700_000 });
  cluster.peer(0).isApplying = false;
  const { text } = await post(cluster, 'PUT', '/collections/c/points', upsert(400_000));
  const token = JSON.parse(text).result.operation_id;
  const sockets = Array.from({ length: 3 }, () => deafTo(cluster));
  for (const socket of sockets) {
    socket.write(
      `GET /collections/c/points/1 HTTP/1.1\r\nhost: x\r\nx-tributary-min-sequence: ${token}\r\n\r\n`,
    );
  }
  await untilInFlight(cluster, sockets.length);
  for (const socket of sockets) await hangUp(cluster, socket);
  cluster.peer(0).isApplying = true;
  await untilInFlight(cluster, 0);
  await eventuallyRead(cluster);
});

test('the outcome of a batch of writes is answered even where no other answer has room', async () => {
  await using cluster = await started({ answerBytesMax: 1 });
  const operations = Array.from({ length: 2_000 }, (_, id) => ({ delete: { points: [id] } }));
  const body = JSON.stringify({ operations });
  const written = await post(cluster, 'POST', '/collections/c/points/batch', body);
  assert.equal(written.status, 200, written.text.slice(0, 200));
  assert.equal(JSON.parse(written.text).result.length, operations.length);
});

test('a small packed body is served where others are, not as the largest it might become', async () => {
  await using cluster = await started();
  cluster.peer(0).isApplying = false;
  const headers = { 'content-encoding': 'gzip' };
  const path = '/collections/c/points';
  const written = post(cluster, 'PUT', `${path}?wait=true`, gzipSync(upsert(1)), headers);
  await untilInFlight(cluster, 1);
  const count = await post(cluster, 'POST', `${path}/count`, gzipSync('{}'), headers);
  assert.equal(count.status, 200, count.text);
  cluster.peer(0).isApplying = true;
  assert.equal((await written).status, 200);
});

test('a packed body counts as large as it becomes', async () => {
  await using cluster = await started();
  const packed = gzipSync(upsert(1_900_000));
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

test('answers that no client takes fill what there is for them and no more, and small ones go on', async () => {
  await using cluster = await started({ answerBytesMax: 700_000 });
  await eventuallyWritten(cluster, upsert(400_000));
  const read = () => get(cluster, '/collections/c/points/1');
  assert.equal((await read()).status, 200);
  const deaf = deafTo(cluster);
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
