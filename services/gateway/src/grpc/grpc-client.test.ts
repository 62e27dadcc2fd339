import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { ConnectError, ConnectErrorCode, Distance, QdrantClient } from '@qdrant/js-client-grpc';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

let cluster: MemoryCluster;
let here: QdrantClient;
let there: QdrantClient;

before(async () => {
  cluster = await startMemoryCluster({ peers: 3 });
  here = clientOf(0);
  there = clientOf(1);
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

function clientOf(index: number): QdrantClient {
  const url = `http://127.0.0.1:${cluster.grpcPort(index)}`;
  return new QdrantClient({ url, checkCompatibility: false });
}

function idOf(num: number) {
  return { pointIdOptions: { case: 'num' as const, value: BigInt(num) } };
}

function pointOf(num: number, data: number[], text = '') {
  const dense = { vector: { case: 'dense' as const, value: { data } } };
  return {
    id: idOf(num),
    vectors: { vectorsOptions: { case: 'vector' as const, value: dense } },
    payload: {
      n: { kind: { case: 'integerValue' as const, value: BigInt(num) } },
      text: { kind: { case: 'stringValue' as const, value: text } },
    },
  };
}

function numbers(points: readonly { id?: { pointIdOptions: { value?: unknown } } }[]): number[] {
  return points.map(({ id }) => Number(id?.pointIdOptions.value));
}

async function create(collectionName: string): Promise<void> {
  await here.api('collections').create({
    collectionName,
    vectorsConfig: {
      config: { case: 'params', value: { size: 2n, distance: Distance.Dot } },
    },
    shardNumber: 6,
    replicationFactor: 2,
  });
}

async function createFilled(collectionName: string): Promise<void> {
  await create(collectionName);
  const points = Array.from({ length: 10 }, (_, n) => pointOf(n, [n, 1]));
  await here.api('points').upsert({ collectionName, wait: true, points });
}

async function codeOf(call: Promise<unknown>): Promise<ConnectErrorCode | undefined> {
  const error: unknown = await call.then(
    () => undefined,
    (reason) => reason,
  );
  return error instanceof ConnectError ? error.code : undefined;
}

test('the health services answer', async () => {
  const reply = await here.api('service').healthCheck({});
  assert.match(reply.version, /^1\.19\./);
});

test('a collection is created, listed, described and dropped', async () => {
  await create('made');
  const { collections } = await there.api('collections').list({});
  assert.ok(collections.some(({ name }) => name === 'made'));
  const { result } = await there.api('collections').get({ collectionName: 'made' });
  assert.equal(result?.pointsCount, 0n);
  const dropped = await here.api('collections').delete({ collectionName: 'made' });
  assert.equal(dropped.result, true);
  const unknown = there.api('collections').get({ collectionName: 'made' });
  assert.equal(await codeOf(unknown), ConnectErrorCode.NotFound);
});

test('what is written at one peer is searched, read, scrolled and counted at another', async () => {
  await createFilled('points');
  const collectionName = 'points';
  const points = there.api('points');
  const found = await points.search({
    collectionName,
    vector: [1, 0],
    limit: 3n,
    withPayload: { selectorOptions: { case: 'enable', value: true } },
  });
  assert.deepEqual(numbers(found.result), [9, 8, 7]);
  assert.equal(found.result[0]?.score, 9);
  assert.equal(found.result[0]?.payload.n?.kind.value, 9n);
  const queried = await points.query({
    collectionName,
    query: {
      variant: {
        case: 'nearest',
        value: { variant: { case: 'dense', value: { data: [1, 0] } } },
      },
    },
    limit: 2n,
  });
  assert.deepEqual(numbers(queried.result), [9, 8]);
  const got = await points.get({ collectionName, ids: [idOf(4), idOf(77), idOf(2)] });
  assert.deepEqual(numbers(got.result), [4, 2]);
  const page = await points.scroll({ collectionName, limit: 4 });
  assert.deepEqual(numbers(page.result), [0, 1, 2, 3]);
  assert.equal(page.nextPageOffset?.pointIdOptions.value, 4n);
  const counted = await points.count({ collectionName });
  assert.equal(counted.result?.count, 10n);
});

test('payloads and points are changed and deleted', async () => {
  await createFilled('changed');
  const collectionName = 'changed';
  const selector = { pointsSelectorOneOf: { case: 'points' as const, value: { ids: [idOf(1)] } } };
  await here.api('points').setPayload({
    collectionName,
    wait: true,
    payload: { added: { kind: { case: 'boolValue', value: true } } },
    pointsSelector: selector,
  });
  const withPayload = { selectorOptions: { case: 'enable' as const, value: true } };
  const [full] = (await there.api('points').get({ collectionName, ids: [idOf(1)], withPayload }))
    .result;
  assert.equal(full?.payload.added?.kind.value, true);
  await here.api('points').delete({ collectionName, wait: true, points: selector });
  assert.equal((await there.api('points').count({ collectionName })).result?.count, 9n);
});

test('a request compressed with gzip and larger than 4 MiB is read', async () => {
  await create('large');
  const text = 'all work and no play '.repeat(20_000);
  const points = Array.from({ length: 20 }, (_, n) => pointOf(n, [n, 1], text));
  const client = new QdrantClient({
    url: `http://127.0.0.1:${cluster.grpcPort(0)}`,
    checkCompatibility: false,
    compression: 'gzip',
  });
  const written = await client
    .api('points')
    .upsert({ collectionName: 'large', wait: true, points });
  assert.equal(written.result?.status, 2);
});

test('bad input is the error of the caller and says what is wrong', async () => {
  await createFilled('bad');
  const upsert = (data: number[]) =>
    codeOf(
      here.api('points').upsert({ collectionName: 'bad', wait: true, points: [pointOf(1, data)] }),
    );
  assert.equal(await upsert([1, 2, 3]), ConnectErrorCode.InvalidArgument);
  assert.equal(await upsert([Number.NaN, 1]), ConnectErrorCode.InvalidArgument);
  assert.equal(await upsert([Number.POSITIVE_INFINITY, 1]), ConnectErrorCode.InvalidArgument);
  assert.equal(await upsert([]), ConnectErrorCode.InvalidArgument);
  const search = (vector: number[], limit: bigint) =>
    codeOf(here.api('points').search({ collectionName: 'bad', vector, limit }));
  assert.equal(await search([1], 1n), ConnectErrorCode.InvalidArgument);
  assert.equal(await search([Number.NaN, 1], 1n), ConnectErrorCode.InvalidArgument);
  assert.equal(await search([1, 2], 0n), ConnectErrorCode.InvalidArgument);
  assert.equal((await here.api('points').count({ collectionName: 'bad' })).result?.count, 10n);
});
