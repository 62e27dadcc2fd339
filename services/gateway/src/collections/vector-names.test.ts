import assert from 'node:assert/strict';
import test from 'node:test';
import type { AnyVectorParams } from '@tributary/model';
import { until } from '@tributary/runtime/testing';
import type { GatewayConfig } from '../gateway-config.ts';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

const SMALL = { dense: { size: 2, distance: 'Dot' } };
const LARGE = { dense: { size: 3, distance: 'Dot' } };
const _WITHIN_MS = 60_000;

interface Info {
  readonly config: { readonly params: { readonly vectors: object } };
}

async function send(
  cluster: MemoryCluster,
  peer: number,
  request: string,
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
) {
  const [method = '', path = ''] = request.split(' ');
  const answer = await fetch(`${cluster.url(peer)}/collections/c${path}`, {
    method,
    ...(method !== 'GET' && {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  });
  const { status, result } = JSON.parse(await answer.text());
  return { status: answer.status, error: status?.error, result };
}

async function ok<T>(cluster: MemoryCluster, peer: number, request: string, body?: object) {
  const { status, error, result } = await send(cluster, peer, request, body);
  assert.equal(status, 200, `${request}: ${error}`);
  return result as T;
}

/** Two peers; a collection without vectors, of two shards, with a replica of each on both. */
async function started(changes: Partial<GatewayConfig> = {}): Promise<MemoryCluster> {
  // So long that nothing here depends on it.
  const config = { applyGraceMs: 30_000, abandonedAfterMs: 3_600_000, ...changes };
  const cluster = await startMemoryCluster({ peers: 2, config });
  await ok(cluster, 0, 'PUT ', { shard_number: 2, replication_factor: 2 });
  return cluster;
}

function stateOf(cluster: MemoryCluster, peer: number) {
  return cluster.peer(peer).metadata.state.collections.get('c') ?? assert.fail('it is there');
}

/** As a gateway does that dies right after. */
async function decide(cluster: MemoryCluster, vector: AnyVectorParams | undefined) {
  const { signal } = new AbortController();
  const { id } = stateOf(cluster, 0);
  await cluster
    .peer(0)
    .metadata.propose(
      () =>
        vector === undefined
          ? { kind: 'vectorNameDeleted', id, name: 'late' }
          : { kind: 'vectorNameCreated', id, name: 'late', vector },
      signal,
    );
}

test('a vector made at one peer can be written and asked for at another at once', async () => {
  await using cluster = await started();
  await ok(cluster, 0, 'PUT /vectors/late?wait=true', SMALL);
  const points = [1, 2].map((id) => ({ id, vector: { late: [id, 0] } }));
  await ok(cluster, 1, 'PUT /points?wait=true', { points });
  const query = { query: [1, 0], using: 'late', limit: 1 };
  const found = await ok<{ points: { id: number }[] }>(cluster, 1, 'POST /points/query', query);
  assert.equal(found.points[0]?.id, 2);
  const { config } = await ok<Info>(cluster, 1, 'GET ');
  assert.deepEqual(config.params.vectors, { late: SMALL.dense });
});

test('a vector is completed when every live replica has it, not the consistency factor alone', async () => {
  await using cluster = await started({ applyGraceMs: 50 });
  cluster.peer(1).isApplying = false;
  let isAnswered = false;
  const asked = ok<{ status: string }>(cluster, 0, 'PUT /vectors/late?wait=true', SMALL);
  const answered = asked.finally(() => {
    isAnswered = true;
  });
  await until('it is logged', () => stateOf(cluster, 0).vectorNames.late?.phase === 'created');
  // As many as the factor asks for have it by the time they answer a write that came after it.
  const points = [{ id: 1, vector: { late: [1, 2] } }];
  await ok(cluster, 0, 'PUT /points?wait=true', { points });
  assert.equal(isAnswered, false);
  cluster.peer(1).isApplying = true;
  assert.equal((await answered).status, 'completed');
});

test('of two gateways that are asked for different vectors of one name one is refused', async () => {
  await using cluster = await started();
  const answers = await Promise.all(
    [SMALL, LARGE].map((vector, i) => send(cluster, i, 'PUT /vectors/late?wait=true', vector)),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  const winner = answers[0]?.status === 200 ? SMALL : LARGE;
  const loser = answers[0]?.status === 200 ? LARGE : SMALL;
  await ok(cluster, 1, 'PUT /vectors/late?wait=true', winner);
  const again = await send(cluster, 0, 'PUT /vectors/late', loser);
  assert.equal(again.status, 409);
  assert.match(again.error, /Vector `late` already exists with other parameters/);
});

test('a vector that a dead gateway decided on is left until it is asked for again', async () => {
  await using cluster = await started();
  await decide(cluster, { kind: 'dense', params: { size: 2, distance: 'Dot' } });
  const points = [{ id: 1, vector: { late: [1, 2] } }];
  assert.equal((await send(cluster, 1, 'PUT /points', { points })).status, 400);
  assert.equal((await send(cluster, 1, 'PUT /vectors/late', LARGE)).status, 409);
  await ok(cluster, 1, 'PUT /vectors/late?wait=true', SMALL);
  await ok(cluster, 1, 'PUT /points?wait=true', { points });
});

test('what a dead gateway left half done the others finish by themselves', async () => {
  await using cluster = await started({ abandonedAfterMs: 100 });
  await decide(cluster, { kind: 'sparse', params: {} });
  await until('it is made', () => stateOf(cluster, 1).vectorNames.late?.phase === 'created');
  const vector = { late: { indices: [1], values: [1] } };
  await ok(cluster, 1, 'PUT /points?wait=true', { points: [{ id: 1, vector }] });
  await decide(cluster, undefined);
  await until('it is gone', () => stateOf(cluster, 1).vectorNames.late === undefined);
  const filter = { must: [{ has_vector: 'late' }] };
  await until('no point has it', async () => {
    const { count } = await ok<{ count: number }>(cluster, 1, 'POST /points/count', { filter });
    return count === 0;
  });
});

test('what META decides is logged, even if the client used its key before', async () => {
  await using cluster = await started();
  const keyed = async (request: string, body?: object) => {
    const key = { 'x-tributary-idempotency-key': 'once' };
    const { status, error, result } = await send(cluster, 0, request, body, key);
    assert.equal(status, 200, error);
    return result;
  };
  const made = await keyed('PUT /vectors/late?wait=true', SMALL);
  assert.deepEqual(await keyed('PUT /vectors/late?wait=true', SMALL), made);
  await ok(cluster, 0, 'PUT /points?wait=true', { points: [{ id: 1, vector: { late: [1, 2] } }] });
  await keyed('DELETE /vectors/late?wait=true');
  const filter = { must: [{ has_vector: 'late' }] };
  assert.deepEqual(await ok(cluster, 0, 'POST /points/count', { filter }), { count: 0 });
});

test('a collection with an unnamed vector gets a named one beside it', async () => {
  await using cluster = await started();
  await ok(cluster, 0, 'DELETE ');
  await ok(cluster, 0, 'PUT ', { vectors: LARGE.dense });
  await ok(cluster, 0, 'PUT /vectors/late?wait=true', SMALL);
  const { config } = await ok<Info>(cluster, 1, 'GET ');
  assert.deepEqual(config.params.vectors, { '': LARGE.dense, late: SMALL.dense });
  const vector = { '': [1, 2, 3], late: [1, 2] };
  const points = [
    { id: 1, vector },
    { id: 2, vector: [1, 2, 3] },
  ];
  await ok(cluster, 1, 'PUT /points?wait=true', { points });
  const asked = { ids: [1, 2], with_vector: true };
  const records = await ok<{ vector: object }[]>(cluster, 1, 'POST /points', asked);
  assert.deepEqual(
    records.map((record) => record.vector),
    [vector, [1, 2, 3]],
  );
});

test('a deleted name is refused everywhere, and may be created again with other parameters', async () => {
  await using cluster = await started();
  await ok(cluster, 0, 'PUT /vectors/late?wait=true', SMALL);
  await ok(cluster, 1, 'PUT /points?wait=true', { points: [{ id: 1, vector: { late: [1, 2] } }] });
  await ok(cluster, 0, 'DELETE /vectors/late?wait=true');
  assert.equal((await send(cluster, 1, 'DELETE /vectors/late')).status, 400);
  const query = { query: [1, 0], using: 'late' };
  const refused = await send(cluster, 1, 'POST /points/query', query);
  assert.match(refused.error, /Not existing vector name error: late/);
  await ok(cluster, 1, 'PUT /vectors/late?wait=true', LARGE);
  const found = await ok<{ points: object[] }>(cluster, 1, 'POST /points/query', {
    query: [1, 0, 0],
    using: 'late',
  });
  assert.deepEqual(found.points, []);
});
