// What the official REST client does all day, compared with brute force; what it reads is in rest-read-checks.ts.

import assert from 'node:assert/strict';
import { DIMENSION, EXAMPLE_POINTS, inIdOrder, nearestTo, type Payload } from './example-points.ts';
import {
  assertHits,
  assertVector,
  type ClientCheck,
  idsOf,
  normalised,
  pointAt,
  reasonOf,
} from './expectations.ts';
import { hitsOf, idOf, NAMES, QUERY, type RestClient } from './rest-client.ts';
import { filters, queryById, queryByVector, scroll, selectors } from './rest-read-checks.ts';
import { restVectorNames } from './vector-name-checks.ts';

export function restChecks(client: RestClient, prefix: string): ClientCheck[] {
  const single = `${prefix}-single`;
  const named = `${prefix}-named`;
  return [
    { name: 'collections', run: () => collections(client, `${prefix}-made`) },
    { name: 'upsert and retrieve', run: () => upsertAndRetrieve(client, single) },
    { name: 'named vectors', run: () => namedVectors(client, named) },
    { name: 'scroll', run: () => scroll(client, single) },
    { name: 'filters', run: () => filters(client, single) },
    { name: 'query by vector', run: () => queryByVector(client, named) },
    { name: 'query by id, and a batch', run: () => queryById(client, single) },
    { name: 'selectors', run: () => selectors(client, single, named) },
    { name: 'payload', run: () => payloads(client, `${prefix}-payload`) },
    { name: 'delete', run: () => deletes(client, `${prefix}-deleted`) },
    { name: 'vector names', run: () => restVectorNames(client, `${prefix}-late`) },
    { name: 'errors', run: () => errors(client, single) },
  ];
}

async function collections(client: RestClient, name: string): Promise<void> {
  assert.match((await client.versionInfo()).version, /^1\.19\./);
  assert.deepEqual(await client.collectionExists(name), { exists: false });
  const vectors = { size: 4, distance: 'Euclid' as const };
  assert.equal(await client.createCollection(name, { vectors, shard_number: 2 }), true);
  assert.deepEqual(await client.collectionExists(name), { exists: true });
  const { collections: all } = await client.getCollections();
  assert.ok(all.some((each) => each.name === name));
  const before = await client.getCollection(name);
  assert.equal(before.status, 'green');
  assert.equal(before.optimizer_status, 'ok');
  assert.equal(before.points_count, 0);
  assert.deepEqual(before.config.params.vectors, vectors);
  assert.equal(before.config.params.shard_number, 2);
  await client.updateCollection(name, {
    hnsw_config: { m: 24 },
    optimizers_config: { indexing_threshold: 5_000 },
  });
  const { config } = await client.getCollection(name);
  assert.equal(config.hnsw_config.m, 24);
  assert.equal(config.hnsw_config.ef_construct, before.config.hnsw_config.ef_construct);
  assert.equal(config.optimizer_config.indexing_threshold, 5_000);
  assert.equal(await client.deleteCollection(name), true);
  assert.equal(await client.deleteCollection(name), false);
  assert.deepEqual(await client.collectionExists(name), { exists: false });
}

async function upsertAndRetrieve(client: RestClient, name: string): Promise<void> {
  const vectors = { size: DIMENSION, distance: 'Cosine' as const };
  await client.createCollection(name, { vectors, shard_number: 3 });
  await fillSingle(client, name);
  const points = [...EXAMPLE_POINTS].reverse();
  const records = await client.retrieve(name, {
    ids: [...points.map(({ id }) => idOf(id)), 424_242],
    with_payload: true,
    with_vector: true,
  });
  assert.deepEqual(idsOf(records), idsOf(points));
  for (const [i, { payload, vector }] of records.entries()) {
    assert.deepEqual(payload, points[i]?.payload);
    assertVector(vector, normalised(points[i]?.vector ?? []));
  }
}

/** Half of the points as a list, half as columns. */
async function fillSingle(client: RestClient, name: string): Promise<void> {
  const rows = EXAMPLE_POINTS.filter((_, i) => i % 2 === 0);
  const listed = await client.upsert(name, {
    wait: true,
    points: rows.map(({ id, vector, payload }) => ({ id: idOf(id), vector: [...vector], payload })),
  });
  assert.equal(listed.status, 'completed');
  const columns = EXAMPLE_POINTS.filter((_, i) => i % 2 === 1);
  const batch = await client.upsert(name, {
    wait: true,
    batch: {
      ids: columns.map(({ id }) => idOf(id)),
      vectors: columns.map(({ vector }) => [...vector]),
      payloads: columns.map(({ payload }) => payload),
    },
  });
  assert.ok((batch.operation_id ?? 0) > (listed.operation_id ?? 0), 'operations are numbered');
}

async function namedVectors(client: RestClient, name: string): Promise<void> {
  const vectors = Object.fromEntries(
    NAMES.map(([key, distance]) => [key, { size: DIMENSION, distance }]),
  );
  await client.createCollection(name, { vectors, shard_number: 2 });
  const info = await client.getCollection(name);
  assert.deepEqual(info.config.params.vectors, vectors);
  const rows = EXAMPLE_POINTS.slice(0, 100);
  const columns = EXAMPLE_POINTS.slice(100);
  await client.upsert(name, {
    wait: true,
    points: rows.map(({ id, vector, payload }) => ({
      id: idOf(id),
      vector: Object.fromEntries(NAMES.map(([key]) => [key, [...vector]])),
      payload,
    })),
  });
  await client.upsert(name, {
    wait: true,
    batch: {
      ids: columns.map(({ id }) => idOf(id)),
      vectors: Object.fromEntries(
        NAMES.map(([key]) => [key, columns.map(({ vector }) => [...vector])]),
      ),
      payloads: columns.map(({ payload }) => payload),
    },
  });
  assert.deepEqual(await client.count(name), { count: EXAMPLE_POINTS.length });
  const [first] = await client.retrieve(name, { ids: [idOf(pointAt(0).id)], with_vector: true });
  const stored = first?.vector;
  assert.ok(stored !== null && typeof stored === 'object' && !Array.isArray(stored));
  assert.deepEqual(Object.keys(stored).sort(), NAMES.map(([key]) => key).sort());
  assertVector(stored.product, pointAt(0).vector);
  assertVector(stored.angle, normalised(pointAt(0).vector));
}

async function payloads(client: RestClient, name: string): Promise<void> {
  await client.createCollection(name, { vectors: { size: 1, distance: 'Dot' } });
  const points = [1, 2, 3, 4].map((id) => ({
    id,
    vector: [id],
    payload: { n: id, deep: { a: 1 } },
  }));
  await client.upsert(name, { wait: true, points });
  const deep = { a: 1 };
  const expectEach = async (expected: readonly Payload[]) => {
    const records = await client.retrieve(name, { ids: [1, 2, 3, 4] });
    assert.deepEqual(
      records.map(({ payload }) => payload ?? {}),
      expected,
    );
  };
  const over2 = { must: [{ key: 'n', range: { gt: 2 } }] };
  await client.setPayload(name, { wait: true, payload: { b: [1, null] }, points: [1] });
  await client.setPayload(name, { wait: true, payload: { big: true }, filter: over2 });
  await client.setPayload(name, { wait: true, payload: { c: 2 }, points: [2], key: 'deep' });
  await expectEach([
    { n: 1, deep, b: [1, null] },
    { n: 2, deep: { a: 1, c: 2 } },
    { n: 3, deep, big: true },
    { n: 4, deep, big: true },
  ]);
  await client.overwritePayload(name, { wait: true, payload: { only: 'x' }, points: [1] });
  await client.deletePayload(name, { wait: true, keys: ['deep.c', 'n'], points: [2] });
  await client.deletePayload(name, { wait: true, keys: ['big'], filter: over2 });
  await client.clearPayload(name, { wait: true, points: [4] });
  await expectEach([{ only: 'x' }, { deep }, { n: 3, deep }, {}]);
  await client.clearPayload(name, { wait: true, filter: over2 });
  await expectEach([{ only: 'x' }, { deep }, {}, {}]);
}

async function deletes(client: RestClient, name: string): Promise<void> {
  await client.createCollection(name, {
    vectors: { size: DIMENSION, distance: 'Cosine' },
    shard_number: 2,
  });
  await fillSingle(client, name);
  const gone = EXAMPLE_POINTS.filter((_, i) => i % 9 < 3).map(({ id }) => id);
  await client.delete(name, { wait: true, points: gone.map(idOf) });
  const filter = { must: [{ key: 'price', range: { gte: 25 } }] };
  await client.delete(name, { wait: true, filter });
  const left = EXAMPLE_POINTS.filter(
    ({ id, payload }) => !gone.includes(id) && !(Number(payload.price) >= 25),
  );
  assert.deepEqual(await client.count(name), { count: left.length });
  const page = await client.scroll(name, { limit: 1_000 });
  assert.deepEqual(idsOf(page.points), idsOf(inIdOrder(left)));
  const found = await client.query(name, { query: QUERY, limit: 1_000 });
  assertHits(hitsOf(found.points), nearestTo(QUERY, 'Cosine', left));
  assert.deepEqual(await client.retrieve(name, { ids: gone.map(idOf) }), []);
  await client.deleteCollection(name);
}

async function errors(client: RestClient, name: string): Promise<void> {
  const refusals: readonly (readonly [() => Promise<unknown>, number, string])[] = [
    [() => client.getCollection('none'), 404, "Not found: Collection `none` doesn't exist!"],
    [() => client.count('none'), 404, "Not found: Collection `none` doesn't exist!"],
    [
      () => client.createCollection(name, { vectors: { size: 1, distance: 'Dot' } }),
      409,
      `Wrong input: Collection \`${name}\` already exists!`,
    ],
    [
      () => client.upsert(name, { wait: true, points: [{ id: 1, vector: [1, 2, 3] }] }),
      400,
      `Wrong input: Vector dimension error: expected dim: ${DIMENSION}, got 3`,
    ],
    [
      () => client.query(name, { query: [1], limit: 1 }),
      400,
      `Wrong input: Vector dimension error: expected dim: ${DIMENSION}, got 1`,
    ],
    [
      () => client.query(name, { query: QUERY, using: 'foo' }),
      400,
      'Wrong input: Not existing vector name error: foo',
    ],
    [
      () => client.query(name, { query: 424_242, limit: 1 }),
      404,
      'Not found: No point with id 424242 found',
    ],
    [
      () => client.setPayload(name, { wait: true, payload: { a: 1 }, points: [424_242] }),
      404,
      'Not found: No point with id 424242 found',
    ],
    [
      () => client.query(name, { query: QUERY, limit: 0 }),
      422,
      'Validation error in JSON body: [internal.limit: value 0 invalid, must be 1 or larger]',
    ],
    [() => client.upsert(name, { points: [] }), 400, 'Bad request: Empty update request'],
  ];
  for (const [call, status, text] of refusals) {
    const error = await reasonOf(call());
    assert.ok(typeof error === 'object' && error !== null && 'status' in error && 'data' in error);
    assert.equal(error.status, status, text);
    const { data } = error as { data: { status?: { error?: string } } };
    assert.equal(data.status?.error, text);
  }
}
