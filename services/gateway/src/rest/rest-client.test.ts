import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { QdrantClient } from '@qdrant/js-client-rest';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

const UUID = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26';
/** Beyond 2^53, so not exact as a number. */
const BIG_ID = 9_007_199_254_740_993n;

let cluster: MemoryCluster;
let here: QdrantClient;
/** At another peer. */
let there: QdrantClient;

before(async () => {
  cluster = await startMemoryCluster({ peers: 3 });
  here = new QdrantClient({ url: cluster.url(0) });
  there = new QdrantClient({ url: cluster.url(1) });
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Ten points on a quarter circle, `n` from 0 to 9. */
async function createFilled(name: string): Promise<void> {
  await here.createCollection(name, {
    vectors: { size: 2, distance: 'Cosine' },
    shard_number: 6,
    replication_factor: 2,
  });
  const points = Array.from({ length: 10 }, (_, n) => {
    const angle = (n / 9) * (Math.PI / 2);
    return { id: n, vector: [Math.cos(angle), Math.sin(angle)], payload: { n, even: n % 2 === 0 } };
  });
  await here.upsert(name, { wait: true, points });
}

test('a peer introduces itself as the version that clients take for compatible', async () => {
  const answer = await fetch(`${cluster.url()}/`);
  const body: Record<string, string> = JSON.parse(await answer.text());
  assert.deepEqual(Object.keys(body).sort(), ['commit', 'title', 'version']);
  assert.match(body.version ?? '', /^1\.19\./);
});

test('health, readiness and metrics are plain text', async () => {
  for (const path of ['/healthz', '/livez', '/readyz', '/metrics']) {
    const answer = await fetch(`${cluster.url()}${path}`);
    assert.equal(answer.status, 200, path);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/, path);
  }
  const metrics = await (await fetch(`${cluster.url()}/metrics`)).text();
  assert.match(metrics, /^cluster_peers_total 3$/m);
  assert.match(metrics, /^app_info\{name="tributary",version="1\.19\.\d+"\} 1$/m);
});

test('a collection is created with a shard a peer, found everywhere, changed and dropped', async () => {
  assert.equal(
    await here.createCollection('made', { vectors: { size: 4, distance: 'Dot' } }),
    true,
  );
  const info = await there.getCollection('made');
  assert.equal(info.config.params.shard_number, 3);
  assert.equal(info.status, 'green');
  assert.deepEqual(await there.collectionExists('made'), { exists: true });
  const { collections } = await there.getCollections();
  assert.ok(collections.some(({ name }) => name === 'made'));
  await there.updateCollection('made', { hnsw_config: { m: 32 } });
  assert.equal((await there.getCollection('made')).config.hnsw_config.m, 32);
  await assert.rejects(here.createCollection('made', { vectors: { size: 4, distance: 'Dot' } }), {
    status: 409,
  });
  assert.equal(await here.deleteCollection('made'), true);
  assert.equal(await here.deleteCollection('made'), false);
  assert.deepEqual(await here.collectionExists('made'), { exists: false });
});

test('every replica of every shard is placed and Active', async () => {
  await createFilled('placed');
  const { result } = await getJson('/collections/placed/cluster');
  assert.equal(result.shard_count, 6);
  const placed: { state: string }[] = [...result.local_shards, ...result.remote_shards];
  const states = placed.map(({ state }) => state);
  assert.deepEqual(
    states,
    Array.from({ length: 12 }, () => 'Active'),
  );
  const status = await getJson('/cluster');
  assert.equal(Object.keys(status.result.peers).length, 3);
});

test('both forms of upsert write the same points', async () => {
  await here.createCollection('forms', { vectors: { size: 2, distance: 'Dot' } });
  const listed = await here.upsert('forms', {
    wait: true,
    points: [
      { id: 1, vector: [1, 2], payload: { form: 'list' } },
      { id: UUID, vector: [3, 4] },
    ],
  });
  assert.equal(listed.status, 'completed');
  await here.upsert('forms', {
    wait: true,
    batch: {
      ids: [2, 3],
      vectors: [
        [5, 6],
        [7, 8],
      ],
      payloads: [{ form: 'batch' }, null],
    },
  });
  const options = { ids: [1, 2, 3, UUID], with_vector: true };
  const records = await there.retrieve('forms', options);
  assert.deepEqual(
    records.map(({ id, vector, payload }) => [id, vector, payload]),
    [
      [1, [1, 2], { form: 'list' }],
      [2, [5, 6], { form: 'batch' }],
      [3, [7, 8], {}],
      [UUID, [3, 4], {}],
    ],
  );
});

test('an id of 64 bits comes back exactly', async () => {
  await here.createCollection('big', { vectors: { size: 2, distance: 'Dot' } });
  const body = `{"points":[{"id":${BIG_ID},"vector":[1,2]}]}`;
  const written = await send('PUT', '/collections/big/points?wait=true', body);
  assert.equal(written.status, 200);
  const text = await (await fetch(`${cluster.url(1)}/collections/big/points/${BIG_ID}`)).text();
  assert.ok(text.includes(`"id":${BIG_ID}`), text);
});

test('a search finds the nearest points of all shards, best first', async () => {
  await createFilled('nearest');
  const points = await there.search('nearest', { vector: [1, 0], limit: 3, with_payload: true });
  assert.deepEqual(
    points.map(({ id, payload }) => [id, payload?.n]),
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  );
  assert.equal(points[0]?.score, 1);
  const paged = await there.search('nearest', { vector: [1, 0], limit: 3, offset: 2 });
  assert.deepEqual(
    paged.map(({ id }) => id),
    [2, 3, 4],
  );
  const near = await there.search('nearest', { vector: [1, 0], limit: 10, score_threshold: 0.9 });
  assert.deepEqual(
    near.map(({ id }) => id),
    [0, 1, 2],
  );
  const even = await there.search('nearest', {
    vector: [1, 0],
    limit: 2,
    filter: { must: [{ key: 'even', match: { value: true } }] },
  });
  assert.deepEqual(
    even.map(({ id }) => id),
    [0, 2],
  );
});

test('a query takes a vector, a point or nothing, and a batch answers in its order', async () => {
  await createFilled('queried');
  const byVector = await there.query('queried', { query: [0, 1], limit: 2 });
  assert.deepEqual(
    byVector.points.map(({ id }) => id),
    [9, 8],
  );
  const byId = await there.query('queried', { query: 0, limit: 2 });
  assert.deepEqual(
    byId.points.map(({ id }) => id),
    [1, 2],
    'the point itself is left out',
  );
  const byNothing = await there.query('queried', { limit: 2, offset: 1 });
  assert.deepEqual(
    byNothing.points.map(({ id, score }) => [id, score]),
    [
      [1, 1],
      [2, 1],
    ],
  );
  const batch = await there.queryBatch('queried', {
    searches: [{ query: [0, 1], limit: 1 }, { limit: 1 }, { query: 9, limit: 1 }],
  });
  assert.deepEqual(
    batch.map(({ points }) => points.map(({ id }) => id)),
    [[9], [0], [8]],
  );
  const searches = [
    { vector: [1, 0], limit: 1 },
    { vector: [0, 1], limit: 1 },
  ];
  const searched = await there.searchBatch('queried', { searches });
  assert.deepEqual(
    searched.map((points) => points.map(({ id }) => id)),
    [[0], [9]],
  );
  await assert.rejects(there.query('queried', { query: 77, limit: 1 }), { status: 404 });
});

test('scrolling by the offset of the page before visits every point once, in id order', async () => {
  await createFilled('scrolled');
  const seen: unknown[] = [];
  let offset: number | undefined;
  do {
    const page = await there.scroll('scrolled', {
      limit: 3,
      ...(offset === undefined ? {} : { offset }),
    });
    seen.push(...page.points.map(({ id }) => id));
    const next = page.next_page_offset;
    offset = typeof next === 'number' ? next : undefined;
  } while (offset !== undefined);
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('deleting by ids and by filter deletes these points and no other', async () => {
  await createFilled('deleted');
  await here.delete('deleted', { wait: true, points: [0, 1] });
  assert.deepEqual(await there.count('deleted'), { count: 8 });
  const filter = { must: [{ key: 'even', match: { value: true } }] };
  await here.delete('deleted', { wait: true, filter });
  assert.deepEqual(await there.count('deleted'), { count: 4 });
  assert.deepEqual(await there.count('deleted', { filter }), { count: 0 });
});

test('payloads are merged, replaced, cut and cleared', async () => {
  await createFilled('payloads');
  const payloadOf = async (id: number) =>
    (await there.retrieve('payloads', { ids: [id] }))[0]?.payload;
  await here.setPayload('payloads', { wait: true, payload: { a: 1 }, points: [3] });
  assert.deepEqual(await payloadOf(3), { n: 3, even: false, a: 1 });
  await here.overwritePayload('payloads', { wait: true, payload: { b: 2 }, points: [3] });
  assert.deepEqual(await payloadOf(3), { b: 2 });
  const odd = { must: [{ key: 'even', match: { value: false } }] };
  await here.deletePayload('payloads', { wait: true, keys: ['n'], filter: odd });
  assert.deepEqual(await payloadOf(5), { even: false });
  await here.clearPayload('payloads', { wait: true, points: [5] });
  assert.deepEqual(await payloadOf(5), {});
  const missing = { wait: true, payload: { a: 1 }, points: [3, 404] };
  await assert.rejects(here.setPayload('payloads', missing), { status: 404 });
});

test('reads that several replicas must agree on give the same answers', async () => {
  await createFilled('agreed');
  for (const consistency of [2, 'majority', 'quorum', 'all'] as const) {
    const found = await there.search('agreed', { vector: [1, 0], limit: 2, consistency });
    assert.deepEqual(
      found.map(({ id }) => id),
      [0, 1],
    );
    const { points } = await there.scroll('agreed', { limit: 100, consistency });
    assert.equal(points.length, 10);
  }
});

test('trailing slashes are trimmed, other origins are let in, unknown paths are 404', async () => {
  const slashed = await fetch(`${cluster.url()}/collections/`, {
    headers: { origin: 'http://a.b' },
  });
  assert.equal(slashed.status, 200);
  assert.equal(slashed.headers.get('access-control-allow-origin'), '*');
  const unknown = await fetch(`${cluster.url()}/nowhere`);
  assert.equal(unknown.status, 404);
  assert.match(await unknown.text(), /^\{"status":\{"error":"Not found: /);
});

async function getJson(path: string) {
  const answer = await fetch(`${cluster.url()}${path}`);
  return JSON.parse(await answer.text());
}

function send(method: string, path: string, body: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${cluster.url()}${path}`, { method, body, headers });
}
