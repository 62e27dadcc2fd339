// What is stored of vectors and when they are indexed, as a client of a real peer sees it: datatypes over REST and
// gRPC, from memory and after a restart; the bulk load with graphs switched off; reads of indexed vectors only.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { QdrantClient as GrpcClient } from '@qdrant/js-client-grpc';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';

const SIZE = 64;
const INDEXED_WITHIN_MS = 60_000;

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-vector-storage-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  peer = cluster.peers[0] ?? assert.fail('there is a peer');
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

async function rest(method: string, path: string, body?: object) {
  const answer = await fetch(`${peer.url}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${method} ${path}: ${text.slice(0, 500)}`);
  return JSON.parse(text).result;
}

const points = () =>
  new GrpcClient({ url: `http://${peer.grpcAddress}`, checkCompatibility: false }).api('points');

async function fill(name: string, first: number, count: number): Promise<void> {
  const batch = Array.from({ length: count }, (_, i) => {
    const vector = Array.from({ length: SIZE }, (__, at) => Math.sin((first + i) * (at + 1)));
    return { id: first + i, vector };
  });
  for (let at = 0; at < count; at += 1_000) {
    const some = batch.slice(at, at + 1_000);
    await rest('PUT', `/collections/${name}/points?wait=true`, { points: some });
  }
}

/** As a client waits: for the count and for green. */
async function indexed(name: string, count: number): Promise<void> {
  const deadlineMs = Date.now() + INDEXED_WITHIN_MS;
  for (;;) {
    const { indexed_vectors_count: told, status } = await rest('GET', `/collections/${name}`);
    if (told === count && status === 'green') return;
    assert.ok(Date.now() < deadlineMs, `${told} of ${count} are indexed, ${status}`);
    await sleep(100);
  }
}

const VALUES = [0.1, 1.9, -3, 300, 2049];
const STORED = {
  uint8: [0, 1, 0, 255, 255],
  float16: [Math.f16round(0.1), Math.f16round(1.9), -3, 300, 2048],
};

test('values are stored, returned and compared as their datatype has them, also after a restart', async () => {
  const vectors = {
    uint8: { size: 5, distance: 'Dot', datatype: 'uint8' },
    float16: { size: 5, distance: 'Dot', datatype: 'float16' },
    angle: { size: 2, distance: 'Cosine', datatype: 'uint8' },
    rows: {
      size: 5,
      distance: 'Dot',
      datatype: 'uint8',
      multivector_config: { comparator: 'max_sim' },
    },
  };
  await rest('PUT', '/collections/typed', { vectors });
  const vector = { uint8: VALUES, float16: VALUES, angle: [3.5, 4.5], rows: [VALUES, VALUES] };
  await rest('PUT', '/collections/typed/points?wait=true', { points: [{ id: 1, vector }] });
  const late = { dense: { size: 5, distance: 'Dot', datatype: 'uint8' } };
  await rest('PUT', '/collections/typed/vectors/late', late);
  const update = { points: [{ id: 1, vector: { late: VALUES } }] };
  await rest('PUT', '/collections/typed/points/vectors?wait=true', update);
  await assertTyped();
  await peer.stop();
  await peer.start();
  await assertTyped();
});

async function assertTyped(): Promise<void> {
  const [point] = await rest('POST', '/collections/typed/points', { ids: [1], with_vector: true });
  // JSON has the shortest text of a float32.
  const float16 = point.vector.float16.map(Math.fround);
  assert.deepEqual(
    { ...point.vector, float16 },
    {
      ...STORED,
      angle: [3, 4],
      rows: [STORED.uint8, STORED.uint8],
      late: STORED.uint8,
    },
  );
  const scoreOf = async (using: string, query: number[]) => {
    const answer = await rest('POST', '/collections/typed/points/query', { using, query });
    return answer.points[0].score;
  };
  // A query is converted too.
  assert.equal(await scoreOf('uint8', [9, 2.7, 5, 1, 0]), 2 + 255);
  assert.equal(await scoreOf('late', [9, 2.7, 5, 1, 0]), 2 + 255);
  assert.equal(await scoreOf('float16', [0, 0, 0.5, 0, 2049]), Math.fround(-1.5 + 2048 * 2048));
  assert.equal(await scoreOf('angle', [6, 8]), 1);
  const { result } = await points().get({
    collectionName: 'typed',
    ids: [{ pointIdOptions: { case: 'num', value: 1n } }],
    withVectors: { selectorOptions: { case: 'enable', value: true } },
  });
  const options = result[0]?.vectors?.vectorsOptions;
  const named = options?.case === 'vectors' ? options.value.vectors : {};
  for (const [name, values] of Object.entries(STORED)) {
    const dense = named[name]?.vector;
    assert.deepEqual(dense?.case === 'dense' && [...dense.value.data], values);
  }
}

test('values and queries over gRPC become the same', async () => {
  const wait = { collectionName: 'typed', wait: true };
  const data = (values: number[]) => ({
    vector: { case: 'dense' as const, value: { data: values } },
  });
  const vectors = { vectors: { uint8: data(VALUES) } };
  await points().upsert({
    ...wait,
    points: [
      {
        id: { pointIdOptions: { case: 'num', value: 2n } },
        vectors: { vectorsOptions: { case: 'vectors', value: vectors } },
      },
    ],
  });
  const [point] = await rest('POST', '/collections/typed/points', { ids: [2], with_vector: true });
  assert.deepEqual(point.vector, { uint8: STORED.uint8 });
});

test('a load with graphs switched off is indexed once they are switched on, and so is what follows', async () => {
  const off = { 'by threshold': { optimizers_config: { indexing_threshold: 0 } } };
  const recipes = {
    ...off,
    'by m': { hnsw_config: { m: 0 }, optimizers_config: { indexing_threshold: 100 } },
  };
  for (const [name, settings] of Object.entries(recipes)) {
    const at = encodeURIComponent(name);
    await rest('PUT', `/collections/${at}`, {
      vectors: { size: SIZE, distance: 'Dot' },
      ...settings,
    });
    await fill(at, 0, 3_000);
    await sleep(2_000);
    await indexed(at, 0);
    const on = { hnsw_config: { m: 16 }, optimizers_config: { indexing_threshold: 100 } };
    await rest('PATCH', `/collections/${at}`, on);
    await indexed(at, 3_000);
    await fill(at, 3_000, 5);
    await indexed(at, 3_005);
  }
});

test('indexed_only finds what small collections have, and leaves out a long tail', async () => {
  await rest('PUT', '/collections/few', { vectors: { size: SIZE, distance: 'Dot' } });
  await fill('few', 1, 2);
  const query = Array.from({ length: SIZE }, () => 1);
  const find = async (name: string) => {
    const params = { indexed_only: true };
    const found = await rest('POST', `/collections/${name}/points/query`, { query, params });
    return found.points.length;
  };
  assert.equal(await find('few'), 2);
  const { result } = await points().query({
    collectionName: 'few',
    query: {
      variant: { case: 'nearest', value: { variant: { case: 'dense', value: { data: query } } } },
    },
    params: { indexedOnly: true },
  });
  assert.equal(result.length, 2);
  const late = { indexing_threshold: 1 };
  const hnsw_config = { full_scan_threshold: 10 };
  const body = { vectors: { size: SIZE, distance: 'Dot' }, optimizers_config: late, hnsw_config };
  await rest('PUT', '/collections/late', body);
  // 10 KB are 40 vectors; a graph of them comes when no more do.
  await fill('late', 1, 39);
  assert.equal(await find('late'), 10);
  await fill('late', 40, 1);
  assert.equal(await find('late'), 0);
  await indexed('late', 40);
  assert.equal(await find('late'), 10);
});
