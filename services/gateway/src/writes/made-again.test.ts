// Writes in flight while their collection is deleted, and made again under its name.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AppendFate } from '@tributary/stream/memory';
import { startMemoryCluster } from '../testing/memory-cluster.ts';

const VECTORS = { vectors: { size: 2, distance: 'Dot' } };

/** A cluster whose next append is held back until `release`. */
async function start() {
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<AppendFate>();
  let isFirst = true;
  const append = (): AppendFate | Promise<AppendFate> => {
    if (!isFirst) return 'ok';
    isFirst = false;
    arrived.resolve();
    return gate.promise;
  };
  const cluster = await startMemoryCluster({ peers: 2, streams: { faults: { append } } });
  const ask = async (method: string, path: string, body?: object, peer = 0) => {
    const answer = await fetch(`${cluster.url(peer)}/collections/c${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const { result, status } = JSON.parse(await answer.text());
    return { status: answer.status, result, text: status.error ?? '' };
  };
  const done = async (...request: Parameters<typeof ask>) => {
    const { status, text } = await ask(...request);
    assert.equal(status, 200, text);
  };
  const upsert = (id: number) =>
    ask('PUT', '/points?wait=true', { points: [{ id, vector: [1, id] }] });
  const count = async () => (await ask('POST', '/points/count', { exact: true })).result.count;
  await done('PUT', '', VECTORS);
  return { cluster, ask, done, upsert, count, arrived: arrived.promise, release: gate.resolve };
}

test('a write whose collection is made again while it is in flight is written to the new one', async () => {
  const { cluster, done, upsert, count, arrived, release } = await start();
  await using _ = cluster;
  const late = upsert(1);
  await arrived;
  // Through another peer, so that the first one learns of it from META.
  await done('DELETE', '', undefined, 1);
  await done('PUT', '', VECTORS, 1);
  const { status, text } = await upsert(2);
  assert.equal(status, 200, text);
  assert.equal(await count(), 1, 'no write waits for one of the collection before');
  release('ok');
  const answer = await late;
  assert.deepEqual([answer.status, answer.result?.status], [200, 'completed'], answer.text);
  assert.equal(await count(), 2);
});

test('a write whose collection is deleted while it is in flight is answered 404 by its name', async () => {
  const { cluster, done, upsert, arrived, release } = await start();
  await using _ = cluster;
  const late = upsert(1);
  await arrived;
  await done('DELETE', '', undefined, 1);
  release('ok');
  const { status, text } = await late;
  assert.deepEqual([status, text], [404, "Not found: Collection `c` doesn't exist!"]);
});
