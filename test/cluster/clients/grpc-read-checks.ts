// What the official gRPC client reads all day, compared with brute force.

import assert from 'node:assert/strict';
import { EXAMPLE_FILTERS, pointsOf } from './example-filters.ts';
import { EXAMPLE_POINTS, type ExampleId, inIdOrder, nearestTo } from './example-points.ts';
import { assertHits, idsOf, pointAt } from './expectations.ts';
import { ALL, type GrpcClient, NAMES, nearest, QUERY } from './grpc-client.ts';
import {
  filterMessage,
  hitsIn,
  idIn,
  idMessage,
  payloadIn,
  vectorIn,
  vectorNamesIn,
} from './grpc-messages.ts';

export async function scroll(client: GrpcClient, collectionName: string): Promise<void> {
  const expected = inIdOrder(EXAMPLE_POINTS);
  const seen: ExampleId[] = [];
  let offset: ExampleId | undefined;
  do {
    const page = await client.api('points').scroll({
      collectionName,
      limit: 7,
      ...(offset === undefined ? {} : { offset: idMessage(offset) }),
    });
    for (const point of page.result) {
      seen.push(idIn(point));
      assert.deepEqual(payloadIn(point), expected[seen.length - 1]?.payload);
    }
    offset = page.nextPageOffset && idIn({ id: page.nextPageOffset });
  } while (offset !== undefined);
  assert.deepEqual(seen, idsOf(expected));
}

export async function filters(client: GrpcClient, collectionName: string): Promise<void> {
  const points = client.api('points');
  for (const example of EXAMPLE_FILTERS) {
    const filter = filterMessage(example.filter);
    const held = pointsOf(example);
    const page = await points.scroll({ collectionName, filter, limit: 1_000 });
    assert.deepEqual(page.result.map(idIn), idsOf(inIdOrder(held)), `scroll: ${example.name}`);
    const { result } = await points.count({ collectionName, filter, exact: true });
    assert.equal(result?.count, BigInt(held.length), `count: ${example.name}`);
    const query = { collectionName, filter, limit: 1_000n };
    const found = await points.query({ ...query, query: nearest({ data: QUERY }) });
    assertHits(hitsIn(found.result), nearestTo(QUERY, 'Cosine', held));
  }
}

export async function queryByVector(client: GrpcClient, collectionName: string): Promise<void> {
  const points = client.api('points');
  for (const [using, distance] of NAMES) {
    const all = nearestTo(QUERY, distance);
    const page = { collectionName, limit: 10n, offset: 10n };
    const queried = await points.query({ ...page, query: nearest({ data: QUERY }), using });
    assertHits(hitsIn(queried.result), all.slice(10, 20));
    const searched = await points.search({ ...page, vector: QUERY, vectorName: using });
    assertHits(hitsIn(searched.result), all.slice(10, 20));
    const scoreThreshold = ((all[4]?.score ?? 0) + (all[5]?.score ?? 0)) / 2;
    const near = await points.query({
      collectionName,
      query: nearest({ data: QUERY }),
      using,
      scoreThreshold,
      limit: 1_000n,
    });
    assertHits(hitsIn(near.result), all.slice(0, 5));
  }
}

export async function queryById(client: GrpcClient, collectionName: string): Promise<void> {
  const points = client.api('points');
  const examples = [pointAt(0), pointAt(1), pointAt(2), pointAt(5)];
  const expected = examples.map(({ id, vector }) =>
    nearestTo(vector, 'Cosine')
      .filter((hit) => hit.id !== id)
      .slice(0, 4),
  );
  const queries = examples.map(({ id }) => ({
    collectionName,
    query: nearest({ id }),
    limit: 4n,
  }));
  for (const [i, query] of queries.entries()) {
    assertHits(hitsIn((await points.query(query)).result), expected[i] ?? []);
  }
  const batch = await points.queryBatch({
    collectionName,
    queryPoints: [...queries, { collectionName, limit: 2n }],
  });
  for (const [i, hits] of expected.entries()) {
    assertHits(hitsIn(batch.result[i]?.result ?? []), hits);
  }
  const firstTwo = idsOf(inIdOrder(EXAMPLE_POINTS)).slice(0, 2);
  assert.deepEqual(batch.result[4]?.result.map(idIn), firstTwo);
  const searched = await points.searchBatch({
    collectionName,
    searchPoints: examples.map(({ vector }) => ({
      collectionName,
      vector: [...vector],
      limit: 3n,
    })),
  });
  for (const [i, { vector }] of examples.entries()) {
    const hits = nearestTo(vector, 'Cosine').slice(0, 3);
    assertHits(hitsIn(searched.result[i]?.result ?? []), hits);
  }
}

export async function selectors(client: GrpcClient, single: string, named: string): Promise<void> {
  const { id, payload } = pointAt(13);
  const points = client.api('points');
  type Options = Omit<Parameters<typeof points.get>[0], '$typeName'>;
  const read = async (collectionName: string, options: Options) => {
    const { result } = await points.get({ collectionName, ids: [idMessage(id)], ...options });
    assert.ok(result[0] !== undefined);
    return result[0];
  };
  const chosen = async (how: 'include' | 'exclude', fields: string[]) => {
    const withPayload = { selectorOptions: { case: how, value: { fields } } };
    return payloadIn(await read(single, { withPayload }));
  };
  const { city, meta: _meta, parts: _parts, ...rest } = payload;
  const none = { selectorOptions: { case: 'enable', value: false } } as const;
  assert.deepEqual(payloadIn(await read(single, { withPayload: ALL })), payload);
  assert.deepEqual(payloadIn(await read(single, { withPayload: none })), {});
  assert.deepEqual(await chosen('include', ['city', 'nothing']), { city });
  assert.deepEqual(await chosen('exclude', ['meta', 'parts', 'city']), rest);
  assert.equal(vectorIn(await read(single, { withVectors: none })), undefined);
  assert.equal(vectorIn(await read(single, {})), undefined);
  const some = { names: ['product', 'straight'] };
  const withVectors = { selectorOptions: { case: 'include', value: some } } as const;
  assert.deepEqual(vectorNamesIn(await read(named, { withVectors })), some.names);
}
