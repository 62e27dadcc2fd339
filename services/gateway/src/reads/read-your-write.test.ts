import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

async function send(
  cluster: MemoryCluster,
  peer: number,
  request: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
) {
  const [method = '', path = ''] = request.split(' ');
  const answer = await fetch(`${cluster.url(peer)}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

/** Two peers with a replica each of both shards. */
async function started() {
  const cluster = await startMemoryCluster({ peers: 2, config: { applyGraceMs: 50 } });
  const vectors = { size: 2, distance: 'Dot' };
  const config = { vectors, shard_number: 2, replication_factor: 2 };
  const made = await send(cluster, 0, 'PUT /collections/c', config);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return cluster;
}

async function write(cluster: MemoryCluster, id: number): Promise<string> {
  const points = [{ id, vector: [id, 1] }];
  const answer = await send(cluster, 0, 'PUT /collections/c/points?wait=true', { points });
  assert.equal(answer.body.result.status, 'completed');
  return String(answer.body.result.operation_id);
}

async function countAt(cluster: MemoryCluster, peer: number, token?: string, query = '') {
  const headers = token === undefined ? {} : { 'x-tributary-min-sequence': token };
  const path = `POST /collections/c/points/count${query}`;
  const answer = await send(cluster, peer, path, {}, headers);
  return { status: answer.status, count: answer.body.result?.count };
}

test('a read that carries the operation id of a write sees it at a peer that lags', async () => {
  await using cluster = await started();
  await write(cluster, 1);
  cluster.peer(1).isApplying = false;
  const token = await write(cluster, 2);
  assert.equal((await countAt(cluster, 1)).count, 1, 'its own replica does not have it yet');
  assert.equal((await countAt(cluster, 1, token)).count, 2);
});

test('where no replica has the write yet, the read waits for one, and for its time-out at most', async () => {
  await using cluster = await started();
  for (const peer of cluster.peers) peer.isApplying = false;
  const points = [{ id: 1, vector: [1, 1] }];
  const written = await send(cluster, 0, 'PUT /collections/c/points', { points });
  const token = String(written.body.result.operation_id);
  assert.equal((await countAt(cluster, 1, token, '?timeout=1')).status, 408);
  const waiting = countAt(cluster, 1, token);
  await sleep(50);
  for (const peer of cluster.peers) peer.isApplying = true;
  assert.equal((await waiting).count, 1);
});

test('where the one replica that has the write has stopped, the read waits for another to come to it', async () => {
  await using cluster = await started();
  const [lagging, ahead] = [cluster.peer(0), cluster.peer(1)];
  lagging.isApplying = false;
  const points = [{ id: 1, vector: [1, 1] }];
  const written = await send(cluster, 1, 'PUT /collections/c/points?wait=true', { points });
  assert.equal(written.body.result.status, 'completed');
  ahead.isStopped = true;
  const callsBefore = ahead.calls;
  const reading = countAt(cluster, 0, String(written.body.result.operation_id));
  while (ahead.calls === callsBefore) await sleep(5);
  lagging.isApplying = true;
  assert.deepEqual(await reading, { status: 200, count: 1 });
});

test('changing a point that this peer has not applied yet is not taken for changing a missing one', async () => {
  await using cluster = await started();
  cluster.peer(1).isApplying = false;
  await write(cluster, 1);
  const change = { payload: { a: 1 }, points: [1] };
  const path = 'POST /collections/c/points/payload?wait=true';
  const changed = await send(cluster, 1, path, change);
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  const missing = await send(cluster, 1, path, { payload: { a: 1 }, points: [2] });
  assert.equal(missing.status, 404, JSON.stringify(missing.body));
});
