// Requests that name nothing, or what is not there: refused by both protocols, and not taken in silence for another.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Distance, QdrantClient } from '@qdrant/js-client-grpc';
import { createDocs } from './testing/example-docs.ts';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';

let cluster: MemoryCluster;
let grpc: QdrantClient;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  grpc = new QdrantClient({ host: '127.0.0.1', port: cluster.grpcPort(0) });
  await createDocs(cluster.url());
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${cluster.url()}/collections/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status, result } = JSON.parse(await answer.text());
  return { status: answer.status, text: status.error ?? '', result };
}

async function refused(answer: ReturnType<typeof ask>, status: number, text: RegExp) {
  const given = await answer;
  assert.equal(given.status, status, given.text);
  assert.match(given.text, text);
}

const collectionName = 'docs';
const NOWHERE = 99;
const idOf = (num: number) => ({ pointIdOptions: { case: 'num' as const, value: BigInt(num) } });
const exampleOf = (num: number) => ({ variant: { case: 'id' as const, value: idOf(num) } });
const dense = { case: 'dense' as const, value: { data: [1, 0] } };
const nearest = (variant: typeof dense | ReturnType<typeof exampleOf>['variant']) => ({
  variant: { case: 'nearest' as const, value: { variant } },
});

test('an update of vectors that names none is refused, alone and in a batch', async () => {
  const point = { id: 1, vector: {} };
  const text = /points\[0\]\.vector: must name at least one vector/;
  await refused(ask('PUT', 'docs/points/vectors', { points: [point] }), 422, text);
  const operations = [{ update_vectors: { points: [point] } }];
  await refused(ask('POST', 'docs/points/batch', { operations }), 422, /must name at least one/);
  const vectors = { vectorsOptions: { case: 'vectors' as const, value: { vectors: {} } } };
  const update = grpc.api('points').updateVectors({
    collectionName,
    points: [{ id: idOf(1), vectors }],
  });
  await assert.rejects(update, /points\[0\]\.vectors: must name at least one vector/);
  const without = ask('PUT', 'docs/points?wait=true', { points: [{ id: 50, vector: {} }] });
  assert.equal((await without).status, 200, 'a point may have no vector');
});

test('relevance feedback without feedback is refused', async () => {
  const strategy = { naive: { a: 1, b: 1, c: 1 } };
  const query = { relevance_feedback: { target: 1, feedback: [], strategy } };
  const text = /feedback: at least one example/;
  await refused(ask('POST', 'docs/points/query', { query, using: 'text' }), 422, text);
  const naive = { variant: { case: 'naive' as const, value: { a: 1, b: 1, c: 1 } } };
  const value = { target: exampleOf(1), feedback: [], strategy: naive };
  const asked = grpc.api('points').query({
    collectionName,
    using: 'text',
    query: { variant: { case: 'relevanceFeedback', value } },
  });
  await assert.rejects(asked, text);
});

test('a lookup in a collection that is not there is 404, also where nothing is looked up', async () => {
  const lookup_from = { collection: 'nowhere' };
  const raw = { query: [1, 0], using: 'text' };
  const prefetch = { ...raw, lookup_from };
  const fusion = { query: { fusion: 'rrf' }, prefetch: raw, lookup_from };
  const queries = [{ ...raw, lookup_from }, { ...raw, prefetch }, fusion, { lookup_from }];
  for (const query of queries) {
    const text = /^Not found: Collection nowhere not found/;
    await refused(ask('POST', 'docs/points/query', query), 404, text);
  }
  const asked = grpc.api('points').query({
    collectionName,
    using: 'text',
    query: nearest(dense),
    lookupFrom: { collectionName: 'nowhere' },
  });
  await assert.rejects(asked, /Collection nowhere not found/);
  const nameless = grpc.api('points').query({
    collectionName,
    using: 'text',
    query: nearest(dense),
    lookupFrom: {},
  });
  await assert.rejects(nameless, /not found/);
  const known = { ...raw, lookup_from: { collection: 'docs' } };
  assert.equal((await ask('POST', 'docs/points/query', known)).status, 200);
});

test('of an unknown id and an unknown vector the id is reported', async () => {
  const query = (using: string, id: number) =>
    ask('POST', 'docs/points/query', { query: id, using });
  await refused(query('none', NOWHERE), 404, /^Not found: No point with id 99 found/);
  await refused(query('none', 1), 400, /^Wrong input: Not existing vector name error: none/);
  await refused(query('text', NOWHERE), 404, /No point with id 99 found/);
  const ids = { recommend: { positive: [1, NOWHERE] } };
  await refused(ask('POST', 'docs/points/query', { query: ids, using: 'none' }), 404, /id 99/);
  const elsewhere = { collection: 'docs', vector: 'none' };
  const looked = { query: 1, using: 'text', lookup_from: elsewhere };
  await refused(ask('POST', 'docs/points/query', looked), 400, /vector name error: none/);
  const asked = (num: number) =>
    grpc.api('points').query({
      collectionName,
      using: 'none',
      query: nearest(exampleOf(num).variant),
    });
  await assert.rejects(asked(NOWHERE), /No point with id 99 found/);
  await assert.rejects(asked(1), /Not existing vector name error: none/);
});

test('more than 256 vectors are refused at creation in the words of later', async () => {
  const named = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`v${i}`, { size: 1, distance: 'Dot' }]),
    );
  const text = /^Bad request: A collection has at most 256 vectors/;
  await refused(ask('PUT', 'many', { vectors: named(257) }), 400, text);
  const sparse_vectors = { s: {} };
  await refused(ask('PUT', 'many', { vectors: named(256), sparse_vectors }), 400, text);
  assert.equal((await ask('PUT', 'many', { vectors: named(255), sparse_vectors })).status, 200);
  await refused(ask('PUT', 'many/vectors/more', { sparse: {} }), 400, text);
  const params = { size: 1n, distance: Distance.Dot };
  const map = Object.fromEntries(Object.keys(named(257)).map((name) => [name, params]));
  const made = grpc.api('collections').create({
    collectionName: 'others',
    vectorsConfig: { config: { case: 'paramsMap', value: { map } } },
  });
  await assert.rejects(made, /at most 256 vectors/);
});

test('null takes a key of the metadata away, and only that one', async () => {
  const metadata = async () => (await ask('GET', 'noted')).result.config.metadata;
  const made = await ask('PUT', 'noted', { metadata: { a: 1, b: { c: null }, d: 2 } });
  assert.equal(made.status, 200, made.text);
  const change = (patch: object) => ask('PATCH', 'noted', { metadata: patch });
  assert.equal((await change({ a: null, e: 3, unknown: null })).status, 200);
  assert.deepEqual(await metadata(), { b: { c: null }, d: 2, e: 3 });
  await grpc.api('collections').update({
    collectionName: 'noted',
    metadata: { d: { kind: { case: 'nullValue', value: 0 } } },
  });
  assert.deepEqual(await metadata(), { b: { c: null }, e: 3 });
});
