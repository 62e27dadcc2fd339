import assert from 'node:assert/strict';
import test from 'node:test';
import { startMemoryCluster } from '../testing/memory-cluster.ts';

test('every peer reports when a collection was made, regardless of later changes', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  const send = async (peer: number, method: string, body?: object) => {
    const answer = await fetch(`${cluster.url(peer)}/collections/c`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const { result, status } = JSON.parse(await answer.text());
    assert.equal(answer.status, 200, status.error);
    return result;
  };
  const before = Date.now();
  await send(0, 'PUT', {});
  const after = Date.now();
  const { created_at: createdAt } = await send(0, 'GET');
  assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const atMs = Date.parse(createdAt);
  assert.ok(before <= atMs && atMs <= after, createdAt);
  await send(1, 'PATCH', { metadata: { a: 1 } });
  assert.equal((await send(1, 'GET')).created_at, createdAt);
});
