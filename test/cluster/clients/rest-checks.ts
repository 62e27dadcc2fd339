// What the official REST client does all day, held against brute force.

import assert from 'node:assert/strict';
import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';
import { EXAMPLE_FILTERS, type FilterBody, pointsOf } from './example-filters.ts';
import {
  DIMENSION,
  EXAMPLE_POINTS,
  type ExampleHit,
  type ExampleId,
  inIdOrder,
  NAMED_DISTANCES,
  nearestTo,
  type Payload,
  waveAt,
} from './example-points.ts';
import {
  assertHits,
  assertVector,
  type ClientCheck,
  idsOf,
  normalised,
  pointAt,
  reasonOf,
} from './expectations.ts';

/** What the clients of all versions have. */
export type RestClient = Pick<
  QdrantClient,
  | 'clearPayload'
  | 'collectionExists'
  | 'count'
  | 'createCollection'
  | 'delete'
  | 'deleteCollection'
  | 'deletePayload'
  | 'getCollection'
  | 'getCollections'
  | 'overwritePayload'
  | 'query'
  | 'queryBatch'
  | 'retrieve'
  | 'scroll'
  | 'setPayload'
  | 'updateCollection'
  | 'upsert'
  | 'versionInfo'
>;

/** What newer clients no longer have. */
export type SearchingClient = Pick<QdrantClient, 'search' | 'searchBatch'>;

const QUERY = Array.from({ length: DIMENSION }, (_, i) => waveAt(90_000 + i));
const NAMES = Object.entries(NAMED_DISTANCES);

/** The client's types know numbers and strings only, the client itself bigint as well. */
function idOf(id: ExampleId): number | string {
  return id as number | string;
}

function filterOf(filter: FilterBody): Schemas['Filter'] {
  return filter as Schemas['Filter'];
}

function hitsOf(points: readonly { id: ExampleId; score: number }[]): ExampleHit[] {
  return points.map(({ id, score }) => ({ id, score }));
}

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
    { name: 'errors', run: () => errors(client, single) },
  ];
}

async function collections(client: RestClient, name: string): Promise<void> {
  assert.match((await client.versionInfo()).version, /^1\.18\./);
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

async function scroll(client: RestClient, name: string): Promise<void> {
  const expected = inIdOrder(EXAMPLE_POINTS);
  const seen: { id: ExampleId; payload?: Payload | null }[] = [];
  let pages = 0;
  let offset: number | string | undefined;
  do {
    const page = await client.scroll(name, {
      limit: 7,
      with_payload: ['index'],
      ...(offset === undefined ? {} : { offset }),
    });
    seen.push(...page.points);
    const next = page.next_page_offset;
    offset = next === null || next === undefined ? undefined : (next as number | string);
    pages++;
  } while (offset !== undefined);
  assert.equal(pages, Math.ceil(expected.length / 7));
  assert.deepEqual(idsOf(seen), idsOf(expected));
  assert.deepEqual(
    seen.map(({ payload }) => payload),
    expected.map(({ payload }) => ({ index: payload.index })),
  );
}

async function filters(client: RestClient, name: string): Promise<void> {
  for (const example of EXAMPLE_FILTERS) {
    const filter = filterOf(example.filter);
    const points = pointsOf(example);
    const expected = idsOf(inIdOrder(points));
    const page = await client.scroll(name, { filter, limit: 1_000 });
    assert.deepEqual(idsOf(page.points), expected, `scroll: ${example.name}`);
    const { count } = await client.count(name, { filter, exact: true });
    assert.equal(count, expected.length, `count: ${example.name}`);
    const found = await client.query(name, { query: QUERY, filter, limit: 1_000 });
    assertHits(hitsOf(found.points), nearestTo(QUERY, 'Cosine', points));
  }
}

async function queryByVector(client: RestClient, name: string): Promise<void> {
  for (const [using, distance] of NAMES) {
    const all = nearestTo(QUERY, distance);
    const first = await client.query(name, { query: QUERY, using, limit: 10 });
    assertHits(hitsOf(first.points), all.slice(0, 10));
    const later = await client.query(name, { query: QUERY, using, limit: 10, offset: 10 });
    assertHits(hitsOf(later.points), all.slice(10, 20));
    const query = { query: QUERY, using, limit: 1_000, params: { exact: true } };
    assertHits(hitsOf((await client.query(name, query)).points), all);
    const edge = ((all[4]?.score ?? 0) + (all[5]?.score ?? 0)) / 2;
    const near = await client.query(name, { ...query, score_threshold: edge });
    assertHits(hitsOf(near.points), all.slice(0, 5));
  }
}

async function queryById(client: RestClient, name: string): Promise<void> {
  const examples = [pointAt(0), pointAt(1), pointAt(2), pointAt(5)];
  const expected = examples.map(({ id, vector }) =>
    nearestTo(vector, 'Cosine')
      .filter((hit) => hit.id !== id)
      .slice(0, 4),
  );
  for (const [i, { id }] of examples.entries()) {
    const { points } = await client.query(name, { query: idOf(id), limit: 4 });
    assertHits(hitsOf(points), expected[i] ?? []);
  }
  const batch = await client.queryBatch(name, {
    searches: [
      ...examples.map(({ id }) => ({ query: idOf(id), limit: 4 })),
      { query: QUERY, limit: 3, with_payload: true },
      { limit: 2 },
    ],
  });
  assert.equal(batch.length, 6);
  for (const [i, hits] of expected.entries()) assertHits(hitsOf(batch[i]?.points ?? []), hits);
  assertHits(hitsOf(batch[4]?.points ?? []), nearestTo(QUERY, 'Cosine').slice(0, 3));
  assert.ok(batch[4]?.points[0]?.payload?.index !== undefined);
  assert.deepEqual(idsOf(batch[5]?.points ?? []), idsOf(inIdOrder(EXAMPLE_POINTS)).slice(0, 2));
}

async function selectors(client: RestClient, single: string, named: string): Promise<void> {
  const { id, payload } = pointAt(13);
  const read = async (name: string, options: Partial<Schemas['PointRequest']>) => {
    const [record] = await client.retrieve(name, { ids: [idOf(id)], ...options });
    assert.ok(record !== undefined);
    return record;
  };
  const { city, meta, parts, ...rest } = payload;
  assert.deepEqual((await read(single, { with_payload: true })).payload, payload);
  assert.ok(!(await read(single, { with_payload: false })).payload);
  assert.deepEqual((await read(single, { with_payload: ['city', 'nothing'] })).payload, { city });
  const include = { include: ['meta', 'parts'] };
  assert.deepEqual((await read(single, { with_payload: include })).payload, { meta, parts });
  const exclude = { exclude: ['meta', 'parts', 'city'] };
  assert.deepEqual((await read(single, { with_payload: exclude })).payload, rest);
  assert.ok(!(await read(single, { with_vector: false })).vector);
  assert.ok(!(await read(single, {})).vector, 'vectors are left out where nobody asks for them');
  const some = await read(named, { with_vector: ['product', 'straight'] });
  assert.deepEqual(Object.keys(some.vector ?? {}).sort(), ['product', 'straight']);
  const found = await client.query(named, {
    query: QUERY,
    using: 'product',
    limit: 1,
    with_vector: ['product'],
    with_payload: { include: ['index'] },
  });
  const [best] = found.points;
  const expected = EXAMPLE_POINTS.find((point) => point.id === best?.id);
  assert.deepEqual(best?.payload, { index: expected?.payload.index });
  const vectors = best?.vector;
  assert.ok(vectors !== null && typeof vectors === 'object' && !Array.isArray(vectors));
  assert.deepEqual(Object.keys(vectors), ['product']);
  assertVector(vectors.product, expected?.vector ?? []);
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

/** The endpoints that came before `query`. */
export async function searches(client: SearchingClient, prefix: string): Promise<void> {
  const all = nearestTo(QUERY, 'Cosine');
  const found = await client.search(`${prefix}-single`, { vector: QUERY, limit: 10, offset: 5 });
  assertHits(hitsOf(found), all.slice(5, 15));
  const filtered = EXAMPLE_FILTERS.slice(0, 6);
  const batch = await client.searchBatch(`${prefix}-single`, {
    searches: filtered.map(({ filter }) => ({
      vector: QUERY,
      limit: 1_000,
      filter: filterOf(filter),
    })),
  });
  for (const [i, example] of filtered.entries()) {
    assertHits(hitsOf(batch[i] ?? []), nearestTo(QUERY, 'Cosine', pointsOf(example)));
  }
  for (const [using, distance] of NAMES) {
    const vector = { name: using, vector: QUERY };
    const hits = await client.search(`${prefix}-named`, { vector, limit: 20 });
    assertHits(hitsOf(hits), nearestTo(QUERY, distance).slice(0, 20));
  }
}
