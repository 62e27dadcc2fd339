// What the gRPC server does around its methods: compression, metadata of calls.

import assert from 'node:assert/strict';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import test, { after, before } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Distance, QdrantClient } from '@qdrant/js-client-grpc';
import { pointsService } from '@tributary/qdrant-api';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

const TEXT = 'all work and no play '.repeat(2_000);
const collectionName = 'filled';
let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 2 });
  const client = clientOf();
  await client.api('collections').create({
    collectionName,
    vectorsConfig: { config: { case: 'params', value: { size: 2n, distance: Distance.Dot } } },
  });
  await client.api('points').upsert({ collectionName, wait: true, points: [point(1)] });
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

function clientOf(headers: Readonly<Record<string, string>> = {}, index = 0): QdrantClient {
  const url = `http://127.0.0.1:${cluster.grpcPort(index)}`;
  return new QdrantClient({ url, checkCompatibility: false, headers });
}

function point(num: number) {
  const dense = { vector: { case: 'dense' as const, value: { data: [1, 2] } } };
  return {
    id: { pointIdOptions: { case: 'num' as const, value: BigInt(num) } },
    vectors: { vectorsOptions: { case: 'vector' as const, value: dense } },
    payload: { text: { kind: { case: 'stringValue' as const, value: TEXT } } },
  };
}

interface RawAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly frame: Buffer;
}

/** A scroll as bytes on the wire, which no client library shows. */
async function rawScroll(
  withContent: boolean,
  headers: Readonly<Record<string, string>>,
  collection = collectionName,
): Promise<RawAnswer> {
  const session = connect(`http://127.0.0.1:${cluster.grpcPort()}`);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': pointsService.scroll.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const message = pointsService.scroll.requestSerialize({
      collectionName: collection,
      filter: undefined,
      withPayload: { enable: withContent },
      withVectors: { enable: withContent },
      limit: 1,
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([head, message]));
    const answered = new Promise<IncomingHttpHeaders>((resolve) =>
      stream.once('response', resolve),
    );
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return { headers: await answered, frame: Buffer.concat(chunks) };
  } finally {
    session.close();
  }
}

function textIn(message: Buffer): boolean {
  return message.includes(TEXT);
}

test('a large answer is compressed for a client that takes gzip', async () => {
  const { headers, frame } = await rawScroll(true, { 'grpc-accept-encoding': 'identity, gzip' });
  assert.equal(headers['grpc-encoding'], 'gzip');
  assert.equal(frame[0], 1);
  assert.ok(frame.length < TEXT.length / 10);
  assert.ok(textIn(gunzipSync(frame.subarray(5))));
});

test('an answer is not compressed for a client that does not say it takes gzip', async () => {
  for (const accepted of [{}, { 'grpc-accept-encoding': 'identity,xgzip' }]) {
    const { headers, frame } = await rawScroll(true, accepted);
    assert.equal(headers['grpc-encoding'], 'identity');
    assert.equal(frame[0], 0);
    assert.ok(textIn(frame.subarray(5)));
  }
});

test('a small answer is sent as it is', async () => {
  const { frame } = await rawScroll(false, { 'grpc-accept-encoding': 'gzip' });
  assert.equal(frame[0], 0);
});

test('an answer of vectors, which hardly shrinks, is sent as it is', async () => {
  const client = clientOf();
  const size = 8_192;
  const vectors = {
    case: 'params' as const,
    value: { size: BigInt(size), distance: Distance.Dot },
  };
  await client.api('collections').create({
    collectionName: 'vectors',
    vectorsConfig: { config: vectors },
  });
  const data = Array.from({ length: size }, (_, i) => Math.sin(i * i));
  const dense = { vector: { case: 'dense' as const, value: { data } } };
  const points = [
    {
      ...point(1),
      payload: {},
      vectors: { vectorsOptions: { case: 'vector' as const, value: dense } },
    },
  ];
  await client.api('points').upsert({ collectionName: 'vectors', wait: true, points });
  const { frame } = await rawScroll(true, { 'grpc-accept-encoding': 'gzip' }, 'vectors');
  assert.equal(frame[0], 0);
  assert.ok(frame.length > 4 * size);
});

/** 4 MB of vectors or of text, which is 30 times what a connection takes unasked. */
async function fillLarge(collection: string, withText: boolean): Promise<number> {
  const client = clientOf();
  const size = 1_024;
  await client.api('collections').create({
    collectionName: collection,
    vectorsConfig: {
      config: { case: 'params', value: { size: BigInt(size), distance: Distance.Dot } },
    },
  });
  const count = withText ? 100 : 1_000;
  for (let from = 0; from < count; from += 100) {
    const points = Array.from({ length: 100 }, (_, i) => {
      const data = Array.from({ length: size }, (_value, j) => Math.sin((from + i) * j * j));
      const dense = { vector: { case: 'dense' as const, value: { data } } };
      const vectors = { vectorsOptions: { case: 'vector' as const, value: dense } };
      return { ...point(from + i), vectors, ...(withText ? {} : { payload: {} }) };
    });
    await client.api('points').upsert({ collectionName: collection, wait: true, points });
  }
  return count;
}

const EVERYTHING = {
  withPayload: { selectorOptions: { case: 'enable' as const, value: true } },
  withVectors: { selectorOptions: { case: 'enable' as const, value: true } },
  limit: 10_000,
};

for (const [what, withText] of [
  ['vectors', false],
  ['compressed text', true],
] as const) {
  test(`a large answer of ${what} is read whole by the official client`, async () => {
    const collection = `large-${withText}`;
    const count = await fillLarge(collection, withText);
    const asked = { collectionName: collection, ...EVERYTHING };
    const { result } = await clientOf().api('points').scroll(asked);
    assert.deepEqual(
      result.map(({ id }) => Number(id?.pointIdOptions.value)),
      Array.from({ length: count }, (_, i) => i),
    );
    assert.equal(result.at(-1)?.payload.text?.kind.value, withText ? TEXT : undefined);
  });
}

test('a client that takes nothing of a large answer holds up no other, and may go', async () => {
  await fillLarge('taken-late', false);
  const session = connect(`http://127.0.0.1:${cluster.grpcPort()}`);
  const message = pointsService.scroll.requestSerialize({
    collectionName: 'taken-late',
    filter: undefined,
    withPayload: { enable: true },
    withVectors: { enable: true },
    limit: 10_000,
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const streams = Array.from({ length: 3 }, () => {
    const stream = session.request({
      ':method': 'POST',
      ':path': pointsService.scroll.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.end(Buffer.concat([head, message]));
    return stream;
  });
  await Promise.all(
    streams.map((stream) => new Promise((resolve) => stream.once('response', resolve))),
  );
  const counted = await clientOf().api('points').count({ collectionName: 'taken-late' });
  assert.equal(counted.result?.count, 1_000n);
  for (const stream of streams) stream.destroy();
  session.destroy();
  const again = await clientOf()
    .api('points')
    .scroll({ collectionName: 'taken-late', ...EVERYTHING });
  assert.equal(again.result.length, 1_000);
});

test('the official client reads a compressed answer', async () => {
  const withPayload = { selectorOptions: { case: 'enable' as const, value: true } };
  const { result } = await clientOf().api('points').scroll({ collectionName, withPayload });
  assert.equal(result[0]?.payload.text?.kind.value, TEXT);
});

test('a write with an idempotency key is one write, and its operation id a read token', async () => {
  const key = { 'x-tributary-idempotency-key': 'once' };
  const upsert = () =>
    clientOf(key)
      .api('points')
      .upsert({ collectionName, wait: false, points: [point(2)] });
  const [first, second] = [await upsert(), await upsert()];
  const operationId = first.result?.operationId;
  assert.equal(second.result?.operationId, operationId);
  const token = { 'x-tributary-min-sequence': String(operationId) };
  const counted = await clientOf(token, 1).api('points').count({ collectionName });
  assert.equal(counted.result?.count, 2n);
  const wrong = clientOf({ 'x-tributary-min-sequence': 'x' });
  await assert.rejects(wrong.api('points').count({ collectionName }), /x-tributary-min-sequence/);
});
