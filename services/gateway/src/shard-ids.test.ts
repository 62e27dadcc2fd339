// A collection whose shards have ids that are not their positions, as they will be after splits and moves: everything
// that is asked of it by a client.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  shardId,
} from '@tributary/model';
import { shardOfPoint } from '@tributary/routing';
import { until } from '@tributary/runtime/testing';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';

const IDS = [3, 7, 9].map(shardId);
const POINTS = Array.from({ length: 60 }, (_, id) => ({
  id,
  vector: [id, 1],
  payload: { colour: id % 3 === 0 ? 'red' : 'blue' },
}));
const INDEX = { field_name: 'colour', field_schema: 'keyword' };
const RED = { must: [{ key: 'colour', match: { value: 'red' } }] };

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 2 });
  const [one, two] = cluster.peers;
  assert.ok(one && two);
  const config: CollectionConfig = {
    ...COLLECTION_DEFAULTS,
    vectors: { '': { size: 2, distance: 'Dot' } },
    shardNumber: IDS.length,
    replicationFactor: 2,
  };
  const id = collectionId('seldom');
  await cluster.streams.create(id);
  const { signal } = new AbortController();
  const shards = IDS.map((each) => ({ id: each, peers: [one.id, two.id] }));
  await one.metadata.propose(
    () => ({ kind: 'collectionCreated', id, name: 'c', config, shards }),
    signal,
  );
  await until('its replicas are Active', async () => {
    const { shards: told } = await resultOf('GET', '/collections/c/cluster').then(placementOf);
    return told.length === 6 && told.every(({ state }) => state === 'Active');
  });
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function resultOf(method: string, path: string, body?: object) {
  const headers = { 'content-type': 'application/json' };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const answer = await fetch(`${cluster.url()}${path}`, init);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text).result;
}

interface Placed {
  readonly shard_id: number;
  readonly state: string;
  readonly points_count?: number;
}

function placementOf(told: { local_shards: Placed[]; remote_shards: Placed[] }) {
  return { shards: [...told.local_shards, ...told.remote_shards], local: told.local_shards };
}

test('points are written to the shards of their ids, and every read finds them', async () => {
  const written = await resultOf('PUT', '/collections/c/points?wait=true', { points: POINTS });
  assert.equal(written.status, 'completed');
  const { local } = placementOf(await resultOf('GET', '/collections/c/cluster'));
  const collection = cluster.peer(0).metadata.state.collections.get('c');
  assert.ok(collection);
  const counts = new Map(IDS.map((id) => [id, 0]));
  for (const { id } of POINTS) {
    const shard = shardOfPoint(collection.shardMap, id);
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  assert.deepEqual(
    local.map((each) => [each.shard_id, each.points_count]),
    [...counts],
  );
  const ids = POINTS.map(({ id }) => id);
  const retrieved = await resultOf('POST', '/collections/c/points', { ids });
  assert.deepEqual(
    retrieved.map(({ id }: { id: number }) => id),
    ids,
  );
  const scrolled = await resultOf('POST', '/collections/c/points/scroll', { limit: 100 });
  assert.equal(scrolled.points.length, POINTS.length);
  const found = await resultOf('POST', '/collections/c/points/query', { query: [1, 0], limit: 3 });
  assert.deepEqual(
    found.points.map(({ id }: { id: number }) => id),
    [59, 58, 57],
  );
  await resultOf('PUT', '/collections/c/index?wait=true', INDEX);
  const facets = await resultOf('POST', '/collections/c/facet', { key: 'colour' });
  assert.deepEqual(facets.hits, [
    { value: 'blue', count: 40 },
    { value: 'red', count: 20 },
  ]);
});

test('what is by filter reaches every shard, and a token waits for its shards', async () => {
  const selector = { filter: RED };
  const removed = await resultOf(
    'POST',
    '/collections/c/points/delete?wait=true&ordering=strong',
    selector,
  );
  assert.equal(removed.status, 'completed');
  const answer = await fetch(`${cluster.url(1)}/collections/c/points/count`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-tributary-min-sequence': `${removed.operation_id}`,
    },
    body: '{"exact":true}',
  });
  assert.equal(JSON.parse(await answer.text()).result.count, 40);
  const info = await resultOf('GET', '/collections/c');
  assert.equal(info.points_count, 40);
  assert.equal(info.status, 'green');
});

test('operators see the ids', async () => {
  const telemetry = await resultOf('GET', '/telemetry?details_level=10');
  const [collection] = telemetry.collections.collections;
  assert.deepEqual(
    collection.shards.map(({ id }: { id: number }) => id),
    IDS,
  );
  const metrics = await (await fetch(`${cluster.url()}/metrics?per_collection=true`)).text();
  for (const id of IDS) assert.ok(metrics.includes(`shard="${id}"`), metrics);
  assert.ok(!metrics.includes('shard="0"'));
});
