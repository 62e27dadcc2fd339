// Clients that take what they can get: thousands of connections and requests at once, messages and documents beyond all
// bounds, answers that no one reads. The peer lives, holds a bounded amount of memory, and serves the others.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, afterEach, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { send } from './bad-input/answers.ts';
import { RawGrpc } from './bad-input/raw-grpc.ts';
import { HalfRequests } from './bad-input/sockets.ts';

const MEBIBYTE = 1024 * 1024;
/** As many as the system lets a process open, with room for everything else. */
const IDLE_CONNECTIONS = Math.min(5_000, Math.floor(openFilesMax() * 0.6));
const CONCURRENT_REQUESTS = Math.min(3_000, Math.floor(openFilesMax() * 0.6));
/** What is allowed to be held at once, 256 MiB of requests and 512 of answers, and what parsing takes on top. */
const RESIDENT_MEBIBYTES_MAX = 3_000;
const RESOURCE_EXHAUSTED = 8;

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;
let pid: number | undefined;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-hostile-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  const [first] = cluster.peers;
  assert.ok(first !== undefined);
  peer = first;
  pid = peer.pid;
  const config = { vectors: { size: 4, distance: 'Dot' }, shard_number: 2 };
  const made = await send(peer.url, 'PUT', '/collections/c', JSON.stringify(config));
  assert.equal(made.status, 200, made.text);
  for (let from = 0; from < 100; from += 25) {
    const points = Array.from({ length: 25 }, (_, i) => ({
      id: from + i,
      vector: [i, 1, 2, 3],
      payload: { text: 'text '.repeat(20_000) },
    }));
    const path = '/collections/c/points?wait=true';
    const written = await send(peer.url, 'PUT', path, JSON.stringify({ points }));
    assert.equal(written.status, 200, written.text);
  }
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

afterEach(async () => {
  await assertServed();
  assert.equal(peer.pid, pid, 'the process is the one that was started');
  const mebibytes = residentMebibytes();
  console.log(JSON.stringify({ residentMebibytes: mebibytes }));
  assert.ok(mebibytes < RESIDENT_MEBIBYTES_MAX, `${mebibytes} MiB`);
});

test('documents of 100,000 levels are refused', async () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const nested = `${'{"must":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  for (const [method, path, body] of [
    ['PUT', '/points', `{"points":[{"id":1,"vector":[1,2,3,4],"payload":{"a":${deep}}}]}`],
    ['POST', '/points/scroll', `{"filter":${nested}}`],
    ['POST', '/points/query', `{"query":${deep}}`],
    ['POST', '/points/payload', `{"payload":{"a":${deep}},"points":[1]}`],
  ] as const) {
    const answer = await send(peer.url, method, `/collections/c${path}`, body);
    assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
  }
});

test('bodies of 40 MB and a gRPC message of 200 MB are refused', async () => {
  const body = `{"points":[{"id":1,"vector":[${'1,'.repeat(20 * MEBIBYTE)}1]}]}`;
  const uploads = Array.from({ length: 4 }, () =>
    // A server that answers before it has read everything may reset the connection under the sender.
    send(peer.url, 'PUT', '/collections/c/points', body).catch(() => ({ status: 413 })),
  );
  for (const { status } of await Promise.all(uploads)) assert.equal(status, 413);
  using raw = new RawGrpc(peer.grpcAddress);
  const message = new Uint8Array(200 * MEBIBYTE);
  assert.equal((await raw.call('/qdrant.Points/Upsert', message)).code, RESOURCE_EXHAUSTED);
});

test(`${IDLE_CONNECTIONS} idle connections leave room for others`, async () => {
  using idle = new HalfRequests();
  for (let opened = 0; opened < IDLE_CONNECTIONS; opened += 500) {
    const count = Math.min(500, IDLE_CONNECTIONS - opened);
    await idle.open(portOf(peer.url), Math.floor(count * 0.8), '');
    await idle.open(portOf(peer.grpcAddress), Math.ceil(count * 0.2), '');
  }
  await assertServed();
});

test(`${CONCURRENT_REQUESTS} requests at once are answered or told to come later`, async () => {
  const search = JSON.stringify({ vector: [1, 2, 3, 4], limit: 10 });
  const statuses = new Map<number, number>();
  const asking = Array.from({ length: CONCURRENT_REQUESTS }, async () => {
    const { status } = await send(peer.url, 'POST', '/collections/c/points/search', search);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  await Promise.all(asking);
  console.log(JSON.stringify(Object.fromEntries(statuses)));
  assert.ok((statuses.get(200) ?? 0) > 0);
  for (const status of statuses.keys()) assert.ok(status === 200 || status === 503, `${status}`);
});

test('large uploads at once are taken or told to come later', async () => {
  const point = (id: number) => ({
    id,
    vector: [1, 2, 3, 4],
    payload: { text: 'x'.repeat(300_000) },
  });
  const body = JSON.stringify({ points: Array.from({ length: 80 }, (_, id) => point(id)) });
  const uploads = Array.from({ length: 24 }, async () => {
    const answer = await send(peer.url, 'PUT', '/collections/uploads/points', body);
    return answer.status;
  });
  for (const status of await Promise.all(uploads)) {
    assert.ok(status === 404 || status === 503, `${status}`);
  }
});

test('answers that nobody reads do not fill the memory', async () => {
  const scroll = '{"limit":100,"with_payload":true}';
  const head =
    'POST /collections/c/points/scroll HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  const request = `${head}content-length: ${scroll.length}\r\n\r\n${scroll}`;
  const deaf: Socket[] = [];
  try {
    // Each answer has 10 MB; one is made at a time, so that it is the waiting ones that are bounded.
    for (let i = 0; i < 100; i++) {
      const socket = connect(portOf(peer.url), '127.0.0.1').pause();
      socket.on('error', () => {});
      deaf.push(socket);
      await new Promise((resolve) => socket.write(request, resolve));
      await assertServed();
    }
    const deadline = performance.now() + 90_000;
    let last = { status: 0, text: '' };
    while (last.status !== 503 && performance.now() < deadline) {
      last = await send(peer.url, 'POST', '/collections/c/points/scroll', scroll);
      await sleep(50);
    }
    assert.match(last.text, /bytes of answers wait to be taken/);
    assert.ok(residentMebibytes() < RESIDENT_MEBIBYTES_MAX, `${residentMebibytes()} MiB`);
  } finally {
    for (const socket of deaf) socket.destroy();
  }
  await sleep(100);
});

async function assertServed(): Promise<void> {
  const count = await send(peer.url, 'POST', '/collections/c/points/count', '{}');
  assert.equal(count.status, 200, count.text);
  using raw = new RawGrpc(peer.grpcAddress);
  const health = await raw.call('/qdrant.Qdrant/HealthCheck', new Uint8Array(0));
  assert.equal(health.code, 0, health.details);
}

/** Files that a process may have open; a guess where the system does not tell. */
function openFilesMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 1_024);
  } catch {
    return 1_024;
  }
}

/** 0 where the system does not tell. */
function residentMebibytes(): number {
  try {
    const status = readFileSync(`/proc/${peer.pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}
