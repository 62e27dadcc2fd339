// What the official client can ask for beyond plain points, asked of peers in memory.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { QdrantClient } from '@qdrant/js-client-rest';
import { createDocs } from '../testing/example-docs.ts';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

let cluster: MemoryCluster;
let client: QdrantClient;
/** At another peer. */
let there: QdrantClient;

before(async () => {
  cluster = await startMemoryCluster({ peers: 2 });
  client = new QdrantClient({ url: cluster.url(0) });
  there = new QdrantClient({ url: cluster.url(1) });
  await createDocs(cluster.url());
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function getJson(path: string, init?: RequestInit) {
  const answer = await fetch(`${cluster.url()}${path}`, init);
  assert.equal(answer.status, 200, path);
  return JSON.parse(await answer.text()).result;
}

async function send(method: string, path: string, body: unknown, headers = {}) {
  const type = { 'content-type': 'application/json', ...headers };
  return getJson(path, { method, body: JSON.stringify(body), headers: type });
}

test('a collection tells its sparse and multi vectors as they were asked for', async () => {
  const { params } = (await there.getCollection('docs')).config;
  assert.deepEqual(params.sparse_vectors, { words: { modifier: 'idf', index: { on_disk: true } } });
  const { rows } = Object(params.vectors);
  assert.deepEqual(rows.multivector_config, { comparator: 'max_sim' });
});

test('a collection of sparse vectors alone takes points and finds them', async () => {
  await client.createCollection('words', { sparse_vectors: { w: {} } });
  const vector = { w: { indices: [7, 3], values: [1, 2] } };
  await client.upsert('words', { wait: true, points: [{ id: 1, vector }] });
  const query = { indices: [3], values: [0.5] };
  const { points } = await client.query('words', { query, using: 'w', with_vector: true });
  assert.deepEqual(points, [
    {
      id: 1,
      version: points[0]?.version,
      score: 1,
      vector: { w: { indices: [3, 7], values: [2, 1] } },
    },
  ]);
});

test('vectors of every form come back as they were written', async () => {
  const [record] = await client.retrieve('docs', { ids: [0], with_vector: true });
  assert.deepEqual(record?.vector, {
    text: [1, 0],
    words: { indices: [0, 100], values: [1, 0.5] },
    rows: [
      [1, 0],
      [0, 1],
    ],
  });
});

test('vectors are replaced and deleted by name', async () => {
  await client.createCollection('vectors', {
    vectors: { a: { size: 1, distance: 'Dot' }, b: { size: 1, distance: 'Dot' } },
  });
  await client.upsert('vectors', { wait: true, points: [{ id: 1, vector: { a: [1], b: [2] } }] });
  await client.updateVectors('vectors', { wait: true, points: [{ id: 1, vector: { a: [5] } }] });
  const read = async () => (await client.retrieve('vectors', { ids: [1], with_vector: true }))[0];
  assert.deepEqual((await read())?.vector, { a: [5], b: [2] });
  await client.deleteVectors('vectors', { wait: true, points: [1], vector: ['b'] });
  assert.deepEqual((await read())?.vector, { a: [5] });
  await assert.rejects(
    client.updateVectors('vectors', { wait: true, points: [{ id: 9, vector: { a: [5] } }] }),
    { status: 404 },
  );
});

test('a batch does its operations in order and answers each', async () => {
  await client.createCollection('batch', { vectors: { size: 1, distance: 'Dot' } });
  const results = await client.batchUpdate('batch', {
    wait: true,
    operations: [
      {
        upsert: {
          points: [
            { id: 1, vector: [1] },
            { id: 2, vector: [2] },
          ],
        },
      },
      { set_payload: { payload: { a: { b: 1 } }, points: [1] } },
      { set_payload: { payload: { c: 2 }, key: 'a', points: [1] } },
      { overwrite_payload: { payload: { d: 3 }, points: [2] } },
      { delete_payload: { keys: ['a.b'], points: [1] } },
      { update_vectors: { points: [{ id: 2, vector: [7] }] } },
      { delete: { points: [2] } },
    ],
  });
  assert.deepEqual(
    results.map(({ status }) => status),
    Array.from({ length: 7 }, () => 'completed'),
  );
  const { points } = await client.scroll('batch', {});
  assert.deepEqual(points, [{ id: 1, payload: { a: { c: 2 } } }]);
});

test('an upsert may insert only, update only, or update where a filter holds', async () => {
  await client.createCollection('modes', { vectors: { size: 1, distance: 'Dot' } });
  const write = (points: readonly [number, number][], how: object) =>
    send('PUT', '/collections/modes/points?wait=true', {
      points: points.map(([id, v]) => ({ id, vector: [v], payload: { v } })),
      ...how,
    });
  const values = async () =>
    (await client.scroll('modes', {})).points.map(({ payload }) => payload?.v);
  await write([[1, 1]], {});
  await write(
    [
      [1, 2],
      [2, 2],
    ],
    { update_mode: 'insert_only' },
  );
  assert.deepEqual(await values(), [1, 2]);
  await write(
    [
      [2, 3],
      [3, 3],
    ],
    { update_mode: 'update_only' },
  );
  assert.deepEqual(await values(), [1, 3]);
  await write(
    [
      [1, 4],
      [2, 4],
    ],
    { update_filter: { must: [{ key: 'v', match: { value: 3 } }] } },
  );
  assert.deepEqual(await values(), [1, 4]);
});

test('an alias stands for its collection everywhere, and a list of changes happens wholly or not', async () => {
  const create = (alias_name: string, collection_name = 'docs') => {
    return { create_alias: { alias_name, collection_name } };
  };
  await client.updateCollectionAliases({ actions: [create('old')] });
  await client.updateCollectionAliases({
    actions: [
      { rename_alias: { old_alias_name: 'old', new_alias_name: 'current' } },
      create('second'),
      { delete_alias: { alias_name: 'second' } },
    ],
  });
  const aliases = [{ alias_name: 'current', collection_name: 'docs' }];
  assert.deepEqual(await there.getAliases(), { aliases });
  assert.deepEqual(await there.getCollectionAliases('docs'), { aliases });
  assert.deepEqual(await there.count('current'), { count: 12 });
  await there.setPayload('current', { wait: true, payload: { marked: true }, points: [0] });
  await there.deletePayload('current', { wait: true, keys: ['marked'], points: [0] });
  assert.equal((await there.getCollection('current')).points_count, 12);
  const broken = [create('third'), create('fourth', 'nowhere')];
  await assert.rejects(client.updateCollectionAliases({ actions: broken }), { status: 404 });
  assert.deepEqual(await client.getAliases(), { aliases });
  assert.equal(await client.deleteCollection('current'), false, 'an alias is not the collection');
  await assert.rejects(
    client.createCollection('current', { vectors: { size: 1, distance: 'Dot' } }),
    { status: 400 },
  );
});

test('payload indexes are shown with their parameters and can be removed', async () => {
  const make = (
    field_name: string,
    field_schema: 'integer' | 'datetime' | Record<string, unknown>,
  ) => client.createPayloadIndex('docs', { wait: true, field_name, field_schema });
  await make('colour', { type: 'keyword', is_tenant: true });
  await make('note', { type: 'text', tokenizer: 'word', min_token_len: 2, phrase_matching: true });
  const { payload_schema: schema } = await client.getCollection('docs');
  assert.deepEqual(schema.colour?.params, { type: 'keyword', is_tenant: true });
  assert.equal(schema.n?.data_type, 'integer');
  assert.deepEqual(schema.note?.params, {
    type: 'text',
    tokenizer: 'word',
    min_token_len: 2,
    lowercase: true,
    ascii_folding: false,
    phrase_matching: true,
  });
  const deleted = await client.deletePayloadIndex('docs', 'note', { wait: true });
  assert.equal(deleted?.status, 'completed');
  assert.deepEqual(Object.keys((await client.getCollection('docs')).payload_schema).sort(), [
    'at',
    'colour',
    'n',
  ]);
});

test('a write with a key happens once, and its retry is answered with the same operation', async () => {
  await client.createCollection('once', { vectors: { size: 1, distance: 'Dot' }, shard_number: 2 });
  const headers = { 'x-tributary-idempotency-key': 'order-7' };
  const write = (v: number, keyed: object) =>
    send('PUT', '/collections/once/points?wait=true', { points: [{ id: 1, vector: [v] }] }, keyed);
  const first = await write(1, headers);
  const between = await write(2, {});
  const retried = await write(1, headers);
  assert.deepEqual(retried, first);
  assert.ok(between.operation_id > first.operation_id);
  const [record] = await client.retrieve('once', { ids: [1], with_vector: true });
  assert.deepEqual(record?.vector, [2], 'the retry did not write again');
});

test('the key of a write is that of no operation of a batch', async () => {
  await client.createCollection('keys', { vectors: { size: 1, distance: 'Dot' } });
  const upsert = (id: number) => ({ points: [{ id, vector: [1] }] });
  const batch = { operations: [{ upsert: upsert(1) }] };
  const key = (value: string) => ({ 'x-tributary-idempotency-key': value });
  await send('POST', '/collections/keys/points/batch?wait=true', batch, key('job'));
  await send('PUT', '/collections/keys/points?wait=true', upsert(2), key('job/0'));
  assert.equal((await client.count('keys')).count, 2);
});

test('a read that carries the operation of a write sees that write at any peer', async () => {
  const collection = '/collections/tokens';
  await client.createCollection('tokens', { vectors: { size: 1, distance: 'Dot' } });
  for (let id = 1; id <= 20; id++) {
    const { operation_id: token } = await send('PUT', `${collection}/points`, {
      points: [{ id, vector: [1] }],
    });
    const answer = await fetch(`${cluster.url(1)}${collection}/points/${id}`, {
      headers: { 'x-tributary-min-sequence': String(token) },
    });
    assert.equal(answer.status, 200, `point ${id}`);
  }
});

test('the telemetry of the cluster tells where every replica is and which peers answer', async () => {
  const { collections, cluster: peers } = await getJson('/cluster/telemetry');
  assert.equal(peers.number_of_peers, 2);
  for (const peer of Object.values<{ responsive: boolean }>(peers.peers)) {
    assert.equal(peer.responsive, true);
  }
  const { shards } = collections.docs;
  assert.equal(shards.length, 3);
  assert.equal(shards[0].replicas[0].state, 'Active');
});

test('telemetry counts collections and requests', async () => {
  const brief = await getJson('/telemetry');
  assert.equal(brief.app.name, 'tributary');
  assert.equal('collections' in brief.collections, false);
  const full = await getJson('/telemetry?details_level=10');
  assert.equal(full.collections.collections.length, full.collections.number_of_collections);
  assert.ok(full.requests.rest.responses['GET /telemetry'][200].count >= 1);
  assert.equal(full.cluster.status.number_of_peers, 2);
});
