// Quotas over REST and gRPC of two peers in memory, of which a test says what they use.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { status } from '@grpc/grpc-js';
import { QdrantClient } from '@qdrant/js-client-grpc';
import { until } from '@tributary/runtime/testing';
import { createDocs } from '../testing/example-docs.ts';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 2, config: { measureEveryMs: 5 } });
  await createDocs(cluster.url());
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body?: unknown, peer = 0) {
  const answer = await fetch(`${cluster.url(peer)}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const { status: said, result } = text.startsWith('{') ? JSON.parse(text) : {};
  return { status: answer.status, error: said?.error ?? '', result, text };
}

/** Until every gateway has heard of it. */

const quotasAt = async (peer: number) => (await ask('GET', '/quotas', undefined, peer)).result;
const heardEverywhere = (peer: number, exceeded: boolean) =>
  until('the verdict is heard of everywhere', async () => {
    const views = await Promise.all([quotasAt(0), quotasAt(1)]);
    return views.every(({ peers }) => peers[peer + 1]?.exceeded === exceeded);
  });

const LIMITS = { enabled: true, max_resident_memory_percent: 80, max_disk_usage_percent: 90 };
const point = { id: 1, vector: { text: [1, 0] }, payload: { n: 1 } };
const upsert = { points: [point] };

const GROWING: readonly (readonly [string, string, unknown])[] = [
  ['PUT', '/collections/docs/points', upsert],
  ['PUT', '/collections/docs/points/vectors', { points: [{ id: 1, vector: { text: [0, 1] } }] }],
  ['POST', '/collections/docs/points/payload', { points: [1], payload: { a: 1 } }],
  ['PUT', '/collections/docs/points/payload', { points: [1], payload: { a: 1 } }],
  ['PUT', '/collections/docs/index', { field_name: 'a', field_schema: 'integer' }],
  ['PUT', '/collections/docs/vectors/late', { sparse: {} }],
  [
    'POST',
    '/collections/docs/points/batch',
    { operations: [{ delete: { points: [99] } }, { upsert }] },
  ],
];
const SERVED: readonly (readonly [string, string, unknown?])[] = [
  ['POST', '/collections/docs/points/delete', { points: [11] }],
  ['POST', '/collections/docs/points/vectors/delete', { points: [10], vector: ['text'] }],
  ['POST', '/collections/docs/points/payload/delete', { points: [9], keys: ['n'] }],
  ['POST', '/collections/docs/points/payload/clear', { points: [9] }],
  ['POST', '/collections/docs/points/batch', { operations: [{ delete: { points: [99] } }] }],
  ['DELETE', '/collections/docs/index/nothing'],
  ['POST', '/collections/docs/points/query', { query: [1, 0], using: 'text' }],
  ['GET', '/collections/docs'],
];

test('quotas are those that were set, at every peer, with what each peer uses', async () => {
  const off = await quotasAt(1);
  assert.deepEqual(off.config, { enabled: false });
  cluster.peer(0).resources = { residentMemoryPercent: 30, diskUsagePercent: 40 };
  const config = { ...LIMITS, release_margin_percent: 10 };
  assert.equal((await ask('PUT', '/quotas?wait=true', config)).result, true);
  await until(
    'its use of the disk is heard',
    async () => (await quotasAt(1)).peers['1']?.disk_usage_percent === 40,
  );
  await until('the configuration is there', async () => (await quotasAt(1)).config.enabled);
  assert.deepEqual(await quotasAt(1), {
    config,
    usage: { resident_memory_percent: null, disk_usage_percent: null },
    peers: {
      1: { exceeded: false, resident_memory_percent: 30, disk_usage_percent: 40 },
      2: { exceeded: false, resident_memory_percent: null, disk_usage_percent: null },
    },
  });
  assert.deepEqual((await quotasAt(0)).usage, {
    resident_memory_percent: 30,
    disk_usage_percent: 40,
  });
});

test('while a peer of the collection is at a limit, what takes space is refused at every gateway', async () => {
  await ask('PUT', '/quotas', LIMITS);
  cluster.peer(1).resources = { residentMemoryPercent: 80, diskUsagePercent: 10 };
  await heardEverywhere(1, true);
  for (const peer of [0, 1]) {
    for (const [method, path, body] of GROWING) {
      const given = await ask(method, path, body, peer);
      assert.equal(given.status, 507, `${method} ${path}: ${given.error}`);
      assert.match(given.error, /^Insufficient storage: peer 2 uses 80 % of its memory, which/);
    }
    for (const [method, path, body] of SERVED) {
      const given = await ask(method, path, body, peer);
      assert.equal(given.status, 200, `${method} ${path}: ${given.error}`);
    }
  }
  const client = new QdrantClient({ host: '127.0.0.1', port: cluster.grpcPort(0) });
  const id = { pointIdOptions: { case: 'num' as const, value: 1n } };
  await assert.rejects(
    client.api('points').upsert({ collectionName: 'docs', points: [{ id, payload: {} }] }),
    (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.equal(Object(error).code, status.RESOURCE_EXHAUSTED);
      assert.match(error.message, /Insufficient storage: peer 2 uses 80 % of its memory/);
      return true;
    },
  );
  const metrics = await ask('GET', '/metrics', undefined, 1);
  assert.match(metrics.text, /^quota_exceeded\{resource="resident_memory"\} 1$/m);
  assert.match(metrics.text, /^quota_exceeded\{resource="disk_usage"\} 0$/m);
  const { result } = await ask('GET', '/telemetry', undefined, 1);
  assert.deepEqual(result.quota, {
    config: LIMITS,
    exceeded: { resident_memory: true, disk_usage: false },
  });
});

test('new collections go to peers within their limits, and are refused where those are too few', async () => {
  await ask('PUT', '/quotas', LIMITS);
  cluster.peer(1).resources = { residentMemoryPercent: 10, diskUsagePercent: 95 };
  await heardEverywhere(1, true);
  const text = /^Insufficient storage: peer 2 uses 95 % of its disk/;
  for (const peer of [0, 1]) {
    const name = `small-${peer}`;
    const body = { shard_number: 3 };
    assert.equal((await ask('PUT', `/collections/${name}`, body, peer)).status, 200);
    const { result } = await ask('GET', `/collections/${name}/cluster`);
    assert.deepEqual([result.local_shards.length, result.remote_shards], [3, []]);
    const wide = await ask('PUT', '/collections/wide', { replication_factor: 2 }, peer);
    assert.deepEqual([wide.status, text.test(wide.error)], [507, true], wide.error);
  }
  const grpc = new QdrantClient({ host: '127.0.0.1', port: cluster.grpcPort(1) });
  await assert.rejects(
    grpc.api('collections').create({ collectionName: 'wide', replicationFactor: 2 }),
    (error: unknown) => Object(error).code === status.RESOURCE_EXHAUSTED,
  );
  assert.equal((await ask('GET', '/collections/wide/exists')).result.exists, false);
  cluster.peer(1).resources = { residentMemoryPercent: 80, diskUsagePercent: 10 };
  await heardEverywhere(1, true);
});

test('writes go on once it uses a margin less, or the limits are raised or lifted', async () => {
  cluster.peer(1).resources = { residentMemoryPercent: 78, diskUsagePercent: 10 };
  await until(
    'its use of memory is heard',
    async () => (await quotasAt(0)).peers['2'].resident_memory_percent === 78,
  );
  assert.equal((await quotasAt(0)).peers['2'].exceeded, true, 'not a margin below');
  assert.equal((await ask('PUT', '/collections/docs/points', upsert)).status, 507);
  cluster.peer(1).resources = { residentMemoryPercent: 75, diskUsagePercent: 10 };
  await heardEverywhere(1, false);
  assert.equal((await ask('PUT', '/collections/docs/points?wait=true', upsert)).status, 200);
  cluster.peer(1).resources = { residentMemoryPercent: 75, diskUsagePercent: 95 };
  await heardEverywhere(1, true);
  const full = await ask('PUT', '/collections/docs/points', upsert);
  assert.match(full.error, /peer 2 uses 95 % of its disk/);
  await ask('PUT', '/quotas', { ...LIMITS, max_disk_usage_percent: 96 });
  await heardEverywhere(1, false);
  await ask('PUT', '/quotas', LIMITS);
  await heardEverywhere(1, true);
  await ask('PUT', '/quotas', { ...LIMITS, enabled: false });
  await heardEverywhere(1, false);
  assert.equal((await ask('PUT', '/collections/docs/points', upsert)).status, 200);
  assert.doesNotMatch((await ask('GET', '/metrics')).text, /^quota_exceeded\{/m);
});

test('a collection without a replica at the full peer is written', async () => {
  await ask('PUT', '/quotas', LIMITS);
  const made = await ask('PUT', '/collections/one', { shard_number: 1, replication_factor: 1 });
  assert.equal(made.status, 200, made.error);
  const { result } = await ask('GET', '/collections/one/cluster');
  const holder = result.local_shards.length === 1 ? 0 : 1;
  cluster.peer(1 - holder).resources = { residentMemoryPercent: 99 };
  cluster.peer(holder).resources = { residentMemoryPercent: 9 };
  await heardEverywhere(1 - holder, true);
  await heardEverywhere(holder, false);
  const body = { points: [{ id: 1, vector: {} }] };
  const written = await ask('PUT', '/collections/one/points', body);
  assert.equal(written.status, 200, written.error);
  assert.equal((await ask('PUT', '/collections/docs/points', upsert)).status, 507);
  await ask('PUT', '/quotas', {});
});

test('max_resident_memory_percent of strict mode tightens the quota for one collection', async () => {
  const percent = (max_resident_memory_percent: number) =>
    ask('PATCH', '/collections/docs', {
      strict_mode_config: { enabled: true, max_resident_memory_percent },
    });
  cluster.peer(1).resources = { residentMemoryPercent: 50 };
  await until(
    'its use of memory is heard',
    async () => (await quotasAt(0)).peers['2'].resident_memory_percent === 50,
  );
  cluster.peer(0).resources = { residentMemoryPercent: 10 };
  await until(
    'its own use is measured',
    async () => (await quotasAt(0)).usage.resident_memory_percent === 10,
  );
  await percent(50);
  const refused = await ask('PUT', '/collections/docs/points', upsert);
  assert.equal(refused.status, 400);
  assert.match(refused.error, /^Bad request: Max resident memory limit of 50 % reached.* Help: /);
  const deleted = await ask('POST', '/collections/docs/points/delete', { points: [5] });
  assert.equal(deleted.status, 200);
  await percent(51);
  assert.equal((await ask('PUT', '/collections/docs/points', upsert)).status, 200);
});

test('a quota that makes no sense is refused and changes nothing', async () => {
  const { config } = await quotasAt(0);
  const bodies: readonly (readonly [unknown, number, RegExp])[] = [
    [{ max_disk_usage_percent: 0 }, 422, /max_disk_usage_percent: value 0 invalid, must be from 1/],
    [{ max_resident_memory_percent: 101 }, 422, /max_resident_memory_percent: value 101 invalid/],
    [{ release_margin_percent: 101 }, 422, /release_margin_percent: value 101 invalid/],
    [{ max_disk_usage_percent: 1.5 }, 400, /max_disk_usage_percent: invalid type: 1.5/],
    [{ enabled: 'yes' }, 400, /enabled: invalid type: "yes"/],
    [{ max_memory_percent: 5 }, 400, /unknown field `max_memory_percent`, expected one of enabled/],
  ];
  for (const [body, code, text] of bodies) {
    const given = await ask('PUT', '/quotas', body);
    assert.equal(given.status, code, given.error);
    assert.match(given.error, text);
  }
  assert.deepEqual((await quotasAt(0)).config, config);
});
