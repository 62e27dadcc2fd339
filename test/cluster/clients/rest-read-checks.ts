// What the official REST client reads all day, compared with brute force.

import assert from 'node:assert/strict';
import type { Schemas } from '@qdrant/js-client-rest';
import { EXAMPLE_FILTERS, pointsOf } from './example-filters.ts';
import {
  EXAMPLE_POINTS,
  type ExampleId,
  inIdOrder,
  nearestTo,
  type Payload,
} from './example-points.ts';
import { assertHits, assertVector, idsOf, pointAt } from './expectations.ts';
import {
  filterOf,
  hitsOf,
  idOf,
  NAMES,
  QUERY,
  type RestClient,
  type SearchingClient,
} from './rest-client.ts';

export async function scroll(client: RestClient, name: string): Promise<void> {
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

export async function filters(client: RestClient, name: string): Promise<void> {
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

export async function queryByVector(client: RestClient, name: string): Promise<void> {
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

export async function queryById(client: RestClient, name: string): Promise<void> {
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

export async function selectors(client: RestClient, single: string, named: string): Promise<void> {
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
