// What requests count for by the rates of strict mode, and which searches are exact.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { QdrantClient } from '@qdrant/js-client-grpc';
import { refused, type StrictDocs, served, startStrictDocs } from '../testing/strict-docs.ts';

let docs: StrictDocs;

before(async () => {
  docs = await startStrictDocs();
});

after(async () => {
  await docs[Symbol.asyncDispose]();
});

const NEAREST = { query: [1, 0], using: 'text' };
const colour = { must: [{ key: 'colour', match: { value: 'red' } }] };
const idOf = (num: number) => ({ pointIdOptions: { case: 'num' as const, value: BigInt(num) } });

/** A bucket of exactly the cost is served once; one of a token less refuses the request as too large for it. */
async function costs(rate: string, cost: number, request: () => ReturnType<StrictDocs['ask']>) {
  await docs.bound({ [rate]: cost });
  await served(request());
  assert.equal((await request()).status, 429, 'the bucket is empty');
  if (cost === 1) return;
  await docs.bound({ [rate]: cost - 1 });
  const { status, text } = await request();
  assert.equal(status, 429, text);
  assert.match(text, /larger than the rate limit/);
}

test('a read counts its searches, ids, examples, conditions and vectors', async () => {
  const post = (path: string, body: object) => () => docs.ask('POST', path, body);
  const query = (body: object) => post('/points/query', body);
  const recommend = { positive: [1, 2], negative: [3] };
  const rows = [
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  const three = { must: [colour, { is_empty: { key: 'x' } }, { has_id: [1, 2, 3] }] };
  const nested = { must: [{ nested: { key: 'lines', filter: colour } }] };
  const reads: readonly (readonly [number, () => ReturnType<StrictDocs['ask']>])[] = [
    [1, query(NEAREST)],
    [2, query({ ...NEAREST, filter: colour })],
    [3, query({ ...NEAREST, filter: nested })],
    [3, query({ query: { recommend }, using: 'text' })],
    [3, query({ query: rows, using: 'rows' })],
    [2, query({ prefetch: [NEAREST, NEAREST], query: { fusion: 'rrf' } })],
    [3, query({ prefetch: [NEAREST, { ...NEAREST, filter: colour }], query: { fusion: 'rrf' } })],
    [3, query({ prefetch: [NEAREST], query: rows.slice(1), using: 'rows' })],
    [
      4,
      post('/points/query/batch', {
        searches: [NEAREST, NEAREST, { ...NEAREST, query: 1, filter: colour }],
      }),
    ],
    [2, post('/points/query/groups', { ...NEAREST, group_by: 'colour', filter: colour })],
    [4, post('/points/scroll', { filter: three })],
    [1, post('/points/scroll', {})],
    [2, post('/points/count', { filter: colour })],
    [2, post('/facet', { key: 'colour', filter: colour })],
    [5, post('/points', { ids: [1, 2, 3, 4, 5] })],
    [1, () => docs.ask('GET', '/points/1')],
    [12, post('/points/search/matrix/pairs', { using: 'text', sample: 4, limit: 3 })],
  ];
  for (const [cost, request] of reads) await costs('read_rate_limit', cost, request);
});

test('a write counts its points, or 5 where a filter chooses them', async () => {
  const post = (path: string, body: object) => () => docs.ask('POST', path, body);
  const none = { must: [{ key: 'colour', match: { value: 'none' } }, { has_id: [99] }] };
  const points = [50, 51, 52].map((id) => ({ id, vector: { text: [1, 0] } }));
  const upsert = { points };
  const operations = [{ upsert }, { delete: { points: [50, 51] } }, { delete: { filter: none } }];
  const writes: readonly (readonly [number, () => ReturnType<StrictDocs['ask']>])[] = [
    [3, () => docs.ask('PUT', '/points', upsert)],
    [2, post('/points/payload', { points: [1, 2], payload: { seen: true } })],
    [5, post('/points/payload', { filter: none, payload: { seen: true } })],
    [5, post('/points/delete', { filter: none })],
    [5, post('/points/vectors/delete', { filter: none, vector: ['rows'] })],
    [10, post('/points/batch', { operations })],
    [1, () => docs.ask('DELETE', '/index/nothing')],
  ];
  for (const [cost, request] of writes) await costs('write_rate_limit', cost, request);
});

test('gRPC counts alike', async () => {
  const client = new QdrantClient({ host: '127.0.0.1', port: docs.cluster.grpcPort(0) });
  const get = (count: number) =>
    client.api('points').get({
      collectionName: 'docs',
      ids: Array.from({ length: count }, (_, i) => idOf(i)),
    });
  await docs.bound({ read_rate_limit: 7 });
  await assert.rejects(get(8), /larger than the rate limit of 7/);
  await get(7);
  await assert.rejects(get(1), /Read rate limit exceeded/);
});

test('without exact search, a vector whose graph is switched off is searched in a prefetch only', async () => {
  const query = (body: object) => docs.ask('POST', '/points/query', { ...NEAREST, ...body });
  const graph = (m: number, payload_m = 0) =>
    docs.ask('PATCH', '', { vectors: { text: { hnsw_config: { m, payload_m } } } });
  await docs.bound({ search_allow_exact: false });
  await served(query({}));
  await served(graph(0));
  const text =
    /^Bad request: Exact search disabled, and every search of the vector "text" is exact/;
  await refused(query({}), text);
  await refused(query({ filter: colour }), text);
  await refused(query({ query: { recommend: { positive: [1] } } }), text);
  await refused(query({ prefetch: [NEAREST], query: { fusion: 'rrf' }, using: undefined }), text);
  await refused(docs.ask('POST', '/points/query/groups', { ...NEAREST, group_by: 'colour' }), text);
  await served(query({ query: { order_by: 'n' }, using: undefined }));
  const words = { indices: [1], values: [1] };
  const rows = { query: [1, 0], using: 'rows' };
  await served(query({ query: words, using: 'words' }));
  await served(query({ prefetch: [rows] }));
  const client = new QdrantClient({ host: '127.0.0.1', port: docs.cluster.grpcPort(0) });
  const nearest = { variant: { case: 'id' as const, value: idOf(1) } };
  const asked = client.api('points').query({
    collectionName: 'docs',
    using: 'text',
    query: { variant: { case: 'nearest', value: nearest } },
  });
  await assert.rejects(asked, /every search of the vector "text" is exact/);
  await served(graph(0, 16));
  await served(query({ filter: colour }));
  await refused(query({}), text);
  await served(docs.ask('PATCH', '', { hnsw_config: { m: 0 } }));
  await refused(query(rows), /every search of the vector "rows" is exact/);
  await served(docs.ask('PATCH', '', { hnsw_config: { m: 16 } }));
  await served(graph(16));
  await served(query({}));
});
