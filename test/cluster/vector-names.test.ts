// Vectors that come and go on a collection with points, on a cluster of three peers: whoever is asked, whoever is
// killed meanwhile, and whoever has to begin again from the first entry, all replicas hold the same in the end.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { linesSince } from './peer-log.ts';
import { hashesOf, replicasOn } from './replica-hashes.ts';

const POINTS = 300;
const SETTLED_WITHIN_MS = 180_000;

let folder: string;
let cluster: ProcessCluster;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-vector-names-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 3 });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('a collection that began without vectors gets one, and every peer takes it at once', async () => {
  await ok(peer(0), 'PUT', '/collections/late', { shard_number: 2, replication_factor: 3 });
  const points = ids(0, POINTS).map((id) => ({ id, vector: {}, payload: { n: id } }));
  await ok(peer(0), 'PUT', '/collections/late/points?wait=true', { points });
  const dense = { size: 2, distance: 'Dot' };
  await ok(peer(0), 'PUT', '/collections/late/vectors/image?wait=true', { dense });
  const image = (id: number) => ({ id, vector: { image: [id, 1] } });
  const updated = { points: ids(0, 10).map(image) };
  const { operation_id: token } = await ok<{ operation_id: number }>(
    peer(1),
    'PUT',
    '/collections/late/points/vectors?wait=true',
    updated,
  );
  const query = { query: [1, 0], using: 'image', limit: 1, with_vector: true };
  const found = await ok<{ points: unknown[] }>(
    peer(2),
    'POST',
    '/collections/late/points/query',
    query,
    token,
  );
  assert.deepEqual(found.points, [{ id: 9, version: token, score: 9, vector: { image: [9, 1] } }]);
  const filter = { must: [{ has_vector: 'image' }] };
  const counted = await ok(peer(2), 'POST', '/collections/late/points/count', { filter }, token);
  assert.deepEqual(counted, { count: 10 });
  const { config } = await ok<Info>(peer(2), 'GET', '/collections/late');
  assert.deepEqual(config.params.vectors, { image: dense });
});

test('asked twice, a vector is made once; asked for another, the request is refused', async () => {
  const url = '/collections/late/vectors/image?wait=true';
  const dense = { size: 2, distance: 'Dot' };
  await ok(peer(1), 'PUT', url, { dense });
  const other = await send(peer(1), 'PUT', url, { dense: { ...dense, size: 3 } });
  assert.equal(other.status, 409, other.text);
  const sparse = await send(peer(1), 'PUT', url, { sparse: {} });
  assert.equal(sparse.status, 409, sparse.text);
  const unknown = await send(peer(1), 'DELETE', '/collections/late/vectors/nothing');
  assert.equal(unknown.status, 400, unknown.text);
  assert.match(unknown.text, /Not existing vector name error: nothing/);
});

test('a vector that came later takes settings of its own like any other', async () => {
  const vectors = { image: { hnsw_config: { m: 24 }, quantization_config: { binary: {} } } };
  await ok(peer(2), 'PATCH', '/collections/late', { vectors });
  const { config } = await ok<Info>(peer(2), 'GET', '/collections/late');
  assert.equal(config.params.vectors?.image?.hnsw_config?.m, 24);
  const query = { query: [1, 0], using: 'image', limit: 1 };
  for (const each of cluster.peers) {
    const { points } = await ok<Found>(each, 'POST', '/collections/late/points/query', query);
    assert.equal(points[0]?.id, 9);
  }
});

test('names change under writes while peers are killed, and every replica holds the same', async () => {
  const writing = new AbortController();
  using _end = { [Symbol.dispose]: () => writing.abort() };
  const writers = [1, 2].map((index) => write(peer(index), index, writing.signal));
  await ok(peer(0), 'PUT', '/collections/late/vectors/words?wait=true', { sparse: {} });
  await sleep(500);
  peer(2).kill();
  await peer(2).ended;
  await ok(peer(0), 'DELETE', '/collections/late/vectors/image?wait=true');
  await sleep(500);
  await ok(peer(0), 'PUT', '/collections/late/vectors/image', {
    dense: { size: 4, distance: 'Cosine' },
  });
  await peer(2).start();
  await sleep(500);
  peer(1).kill();
  await peer(1).ended;
  for (const name of ['replicas', 'indexes']) {
    rmSync(join(peer(1).folder, name), { recursive: true, force: true });
  }
  await peer(1).start();
  writing.abort();
  const written = (await Promise.all(writers)).flat();
  assert.ok(written.filter((status) => status === 200).length > 20, written.join());
  // Only those that were between two vectors of the name were told so.
  assert.deepEqual(new Set(written).difference(new Set([0, 200, 400, 503])), new Set());
  await ok(peer(0), 'PUT', '/collections/late/points/vectors?wait=true', {
    points: ids(0, 5).map((id) => ({ id, vector: { image: [id, 0, 0, 1] } })),
  });
  const hashes = await settledHashes();
  assert.equal(hashes[0]?.size, 2);
  assert.deepEqual(hashes[1], hashes[0]);
  assert.deepEqual(hashes[2], hashes[0]);
  const refused = cluster.peers.flatMap((each) =>
    linesSince(each, 0).filter(({ msg }) => msg === 'entry refused'),
  );
  assert.deepEqual(refused, [], 'what was acknowledged is not dead-lettered');
});

test('in the end there is the new vector, with nothing of the old one', async () => {
  const { config, points_count: count } = await ok<Info>(peer(1), 'GET', '/collections/late');
  assert.deepEqual(config.params.vectors, { image: { size: 4, distance: 'Cosine' } });
  assert.deepEqual(config.params.sparse_vectors, { words: {} });
  assert.ok(count >= POINTS);
  const request = { limit: 10_000, with_vector: ['image'], filter: hasImage() };
  const { points } = await ok<{ points: readonly { vector: { image: number[] } }[] }>(
    peer(1),
    'POST',
    '/collections/late/points/scroll',
    request,
  );
  assert.ok(points.length >= 5);
  for (const { vector } of points) assert.equal(vector.image.length, 4);
  await ok(peer(2), 'DELETE', '/collections/late/vectors/image?wait=true');
  for (const index of [0, 1, 2]) {
    const asked = { query: [1, 0, 0, 0], using: 'image' };
    const refused = await send(peer(index), 'POST', '/collections/late/points/query', asked);
    assert.equal(refused.status, 400, refused.text);
  }
  const hashes = await settledHashes();
  assert.deepEqual(hashes[1], hashes[0]);
  assert.deepEqual(hashes[2], hashes[0]);
});

interface Found {
  readonly points: readonly { readonly id: number }[];
}

interface Params {
  readonly hnsw_config?: { readonly m: number };
}

interface Info {
  readonly points_count: number;
  readonly config: {
    readonly params: {
      readonly vectors?: Readonly<Record<string, Params>>;
      readonly sparse_vectors?: object;
    };
  };
}

function hasImage() {
  return { must: [{ has_vector: 'image' }] };
}

/** Upserts points with vectors of both shapes until the signal aborts; the statuses of the answers, 0 for none. */
async function write(at: PeerProcess, writer: number, signal: AbortSignal): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; !signal.aborted; n++) {
    const image = n % 2 === 0 ? [n, 1] : [n, 1, 0, 2];
    const points = [{ id: POINTS + (n % 50) * 2 + writer, vector: { image }, payload: { n } }];
    const path = '/collections/late/points?wait=true';
    const answer = await send(at, 'PUT', path, { points }).catch(() => ({ status: 0 }));
    statuses.push(answer.status);
    await sleep(5);
  }
  return statuses;
}

/** By peer, once no replica is still reading what was written. */
async function settledHashes(): Promise<readonly ReadonlyMap<string, string>[]> {
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const hashes = await Promise.all(
      cluster.peers.map((each) => hashesOf(replicasOn(each)).catch(() => new Map())),
    );
    const [first] = hashes;
    const isEqual = hashes.every(
      (each) => String([...each].sort()) === String([...(first ?? [])].sort()),
    );
    if ((isEqual && first?.size === 2) || performance.now() > deadline) return hashes;
    await sleep(200);
  }
}

function ids(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function peer(index: number): PeerProcess {
  return cluster.peers[index] ?? assert.fail(`there is no peer ${index}`);
}

async function send(at: PeerProcess, method: string, path: string, body?: object, token?: number) {
  const headers = {
    ...(body && { 'content-type': 'application/json' }),
    ...(token !== undefined && { 'x-tributary-min-sequence': String(token) }),
  };
  const response = await fetch(`${at.url}${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

async function ok<T>(
  at: PeerProcess,
  method: string,
  path: string,
  body?: object,
  token?: number,
): Promise<T> {
  const { status, text } = await send(at, method, path, body, token);
  assert.equal(status, 200, `${method} ${path}: ${text}`);
  return JSON.parse(text).result;
}
