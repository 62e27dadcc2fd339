// What the official gRPC client does all day, compared with brute force; what it reads is in grpc-read-checks.ts.

import assert from 'node:assert/strict';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Distance, type PointsSelectorSchema } from '@qdrant/js-client-grpc';
import {
  DIMENSION,
  EXAMPLE_POINTS,
  type ExampleId,
  inIdOrder,
  nearestTo,
  type Payload,
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
import { ALL, type GrpcClient, NAMES, nearest, QUERY } from './grpc-client.ts';
import {
  filterMessage,
  hitsIn,
  idIn,
  idMessage,
  payloadIn,
  payloadMessage,
  pointMessage,
  vectorIn,
  vectorNamesIn,
} from './grpc-messages.ts';
import { filters, queryById, queryByVector, scroll, selectors } from './grpc-read-checks.ts';
import { grpcVectorNames } from './vector-name-checks.ts';

const NUMBERS: Readonly<Record<string, Distance>> = {
  Cosine: Distance.Cosine,
  Dot: Distance.Dot,
  Euclid: Distance.Euclid,
  Manhattan: Distance.Manhattan,
};
const COMPLETED = 2;
const GREEN = 1;
/** Codes of gRPC. */
const CODE = { invalidArgument: 3, notFound: 5, alreadyExists: 6 } as const;
export function grpcChecks(client: GrpcClient, prefix: string): ClientCheck[] {
  const single = `${prefix}-single`;
  const named = `${prefix}-named`;
  return [
    { name: 'collections', run: () => collections(client, `${prefix}-made`) },
    { name: 'upsert and get', run: () => upsertAndGet(client, single) },
    { name: 'named vectors', run: () => namedVectors(client, named) },
    { name: 'scroll', run: () => scroll(client, single) },
    { name: 'filters', run: () => filters(client, single) },
    { name: 'search and query by vector', run: () => queryByVector(client, named) },
    { name: 'query by id, and batches', run: () => queryById(client, single) },
    { name: 'selectors', run: () => selectors(client, single, named) },
    { name: 'payload', run: () => payloads(client, `${prefix}-payload`) },
    { name: 'delete', run: () => deletes(client, `${prefix}-deleted`) },
    { name: 'vector names', run: () => grpcVectorNames(client, `${prefix}-late`) },
    { name: 'errors', run: () => errors(client, single) },
  ];
}

function idList(ids: readonly ExampleId[]): MessageInitShape<typeof PointsSelectorSchema> {
  const points = { ids: ids.map(idMessage) };
  return { pointsSelectorOneOf: { case: 'points', value: points } };
}

async function create(
  client: GrpcClient,
  collectionName: string,
  distance: Distance,
  size = DIMENSION,
): Promise<void> {
  const params = { size: BigInt(size), distance };
  await client.api('collections').create({
    collectionName,
    shardNumber: 2,
    vectorsConfig: { config: { case: 'params', value: params } },
  });
}

async function collections(client: GrpcClient, collectionName: string): Promise<void> {
  const api = client.api('collections');
  const { version } = await client.api('service').healthCheck({});
  assert.match(version, /^1\.19\./);
  const exists = async () => (await api.collectionExists({ collectionName })).result?.exists;
  assert.equal(await exists(), false);
  await create(client, collectionName, Distance.Euclid, 4);
  assert.equal(await exists(), true);
  const { collections: all } = await api.list({});
  assert.ok(all.some(({ name }) => name === collectionName));
  const before = (await api.get({ collectionName })).result;
  assert.equal(before?.status, GREEN);
  assert.equal(before.pointsCount, 0n);
  const { config } = before.config?.params?.vectorsConfig ?? {};
  assert.ok(config?.case === 'params');
  assert.deepEqual([config.value.size, config.value.distance], [4n, Distance.Euclid]);
  assert.equal(before.config?.params?.shardNumber, 2);
  await api.update({ collectionName, hnswConfig: { m: 24n } });
  const after = (await api.get({ collectionName })).result;
  assert.equal(after?.config?.hnswConfig?.m, 24n);
  assert.equal((await api.delete({ collectionName })).result, true);
  assert.equal((await api.delete({ collectionName })).result, false);
  assert.equal(await exists(), false);
}

async function upsertAndGet(client: GrpcClient, collectionName: string): Promise<void> {
  await create(client, collectionName, Distance.Cosine);
  const points = client.api('points');
  const written = await points.upsert({
    collectionName,
    wait: true,
    points: EXAMPLE_POINTS.map((point) => pointMessage(point)),
  });
  assert.equal(written.result?.status, COMPLETED);
  const asked = [...EXAMPLE_POINTS].reverse();
  const { result } = await points.get({
    collectionName,
    ids: [...idsOf(asked), 424_242].map(idMessage),
    withPayload: ALL,
    withVectors: ALL,
  });
  assert.deepEqual(result.map(idIn), idsOf(asked));
  for (const [i, record] of result.entries()) {
    assert.deepEqual(payloadIn(record), asked[i]?.payload);
    assertVector(vectorIn(record), normalised(asked[i]?.vector ?? []));
  }
}

async function namedVectors(client: GrpcClient, collectionName: string): Promise<void> {
  const map = Object.fromEntries(
    NAMES.map(([name, distance]) => [
      name,
      { size: BigInt(DIMENSION), distance: NUMBERS[distance] ?? Distance.UnknownDistance },
    ]),
  );
  await client.api('collections').create({
    collectionName,
    vectorsConfig: { config: { case: 'paramsMap', value: { map } } },
  });
  const points = client.api('points');
  const names = NAMES.map(([name]) => name);
  await points.upsert({
    collectionName,
    wait: true,
    points: EXAMPLE_POINTS.map((point) => pointMessage(point, names)),
  });
  const { id, vector } = pointAt(0);
  const { result } = await points.get({
    collectionName,
    ids: [idMessage(id)],
    withVectors: ALL,
  });
  const [record] = result;
  assert.ok(record !== undefined);
  assert.deepEqual(vectorNamesIn(record), [...names].sort());
  assertVector(vectorIn(record, 'product'), vector);
  assertVector(vectorIn(record, 'angle'), normalised(vector));
}

async function payloads(client: GrpcClient, collectionName: string): Promise<void> {
  await create(client, collectionName, Distance.Dot, 1);
  const points = client.api('points');
  const deep = { a: 1 };
  const rows = [1, 2, 3, 4].map((id) => ({ id, vector: [id], payload: { n: id, deep } }));
  const at = { collectionName, wait: true };
  await points.upsert({ ...at, points: rows.map((row) => pointMessage(row)) });
  const expectEach = async (expected: readonly Payload[]) => {
    const ids = [1, 2, 3, 4].map(idMessage);
    const { result } = await points.get({ collectionName, ids, withPayload: ALL });
    assert.deepEqual(result.map(payloadIn), expected);
  };
  const over2 = filterMessage({ must: [{ key: 'n', range: { gt: 2 } }] });
  const byFilter = { pointsSelectorOneOf: { case: 'filter', value: over2 } } as const;
  const list = payloadMessage({ b: [1, null] });
  await points.setPayload({ ...at, payload: list, pointsSelector: idList([1]) });
  const big = payloadMessage({ big: true });
  await points.setPayload({ ...at, payload: big, pointsSelector: byFilter });
  const inside = { payload: payloadMessage({ c: 2 }), key: 'deep' };
  await points.setPayload({ ...at, ...inside, pointsSelector: idList([2]) });
  await expectEach([
    { n: 1, deep, b: [1, null] },
    { n: 2, deep: { a: 1, c: 2 } },
    { n: 3, deep, big: true },
    { n: 4, deep, big: true },
  ]);
  const only = payloadMessage({ only: 'x' });
  await points.overwritePayload({ ...at, payload: only, pointsSelector: idList([1]) });
  const keys = ['deep.c', 'n'];
  await points.deletePayload({ ...at, keys, pointsSelector: idList([2]) });
  await points.deletePayload({ ...at, keys: ['big'], pointsSelector: byFilter });
  await points.clearPayload({ ...at, points: idList([4]) });
  await expectEach([{ only: 'x' }, { deep }, { n: 3, deep }, {}]);
  await points.clearPayload({ ...at, points: byFilter });
  await expectEach([{ only: 'x' }, { deep }, {}, {}]);
}

async function deletes(client: GrpcClient, collectionName: string): Promise<void> {
  await create(client, collectionName, Distance.Cosine);
  const points = client.api('points');
  const at = { collectionName, wait: true };
  await points.upsert({ ...at, points: EXAMPLE_POINTS.map((point) => pointMessage(point)) });
  const gone = EXAMPLE_POINTS.filter((_, i) => i % 9 < 3).map(({ id }) => id);
  await points.delete({ ...at, points: idList(gone) });
  const dear = filterMessage({ must: [{ key: 'price', range: { gte: 25 } }] });
  const selector = { pointsSelectorOneOf: { case: 'filter', value: dear } } as const;
  await points.delete({ ...at, points: selector });
  const left = EXAMPLE_POINTS.filter(
    ({ id, payload }) => !gone.includes(id) && !(Number(payload.price) >= 25),
  );
  assert.equal((await points.count({ collectionName })).result?.count, BigInt(left.length));
  const page = await points.scroll({ collectionName, limit: 1_000 });
  assert.deepEqual(page.result.map(idIn), idsOf(inIdOrder(left)));
  const found = await points.search({ collectionName, vector: QUERY, limit: 1_000n });
  assertHits(hitsIn(found.result), nearestTo(QUERY, 'Cosine', left));
}

async function errors(client: GrpcClient, collectionName: string): Promise<void> {
  const points = client.api('points');
  const point = pointMessage({ id: 1, vector: [1, 2, 3], payload: {} });
  const refusals: readonly (readonly [() => Promise<unknown>, number, string])[] = [
    [
      () => client.api('collections').get({ collectionName: 'none' }),
      CODE.notFound,
      "Not found: Collection `none` doesn't exist!",
    ],
    [
      () => create(client, collectionName, Distance.Dot),
      CODE.alreadyExists,
      `Wrong input: Collection \`${collectionName}\` already exists!`,
    ],
    [
      () => points.upsert({ collectionName, wait: true, points: [point] }),
      CODE.invalidArgument,
      `Wrong input: Vector dimension error: expected dim: ${DIMENSION}, got 3`,
    ],
    [
      () => points.search({ collectionName, vector: QUERY, vectorName: 'foo', limit: 1n }),
      CODE.invalidArgument,
      'Wrong input: Not existing vector name error: foo',
    ],
    [
      () => points.query({ collectionName, query: nearest({ id: 424_242 }), limit: 1n }),
      CODE.notFound,
      'Not found: No point with id 424242 found',
    ],
    [
      () => points.upsert({ collectionName, points: [] }),
      CODE.invalidArgument,
      'Bad request: Empty update request',
    ],
  ];
  for (const [call, code, text] of refusals) {
    const error = await reasonOf(call());
    assert.ok(error instanceof Error && 'code' in error && 'rawMessage' in error);
    assert.equal(error.code, code, text);
    assert.equal(error.rawMessage, text);
  }
}
