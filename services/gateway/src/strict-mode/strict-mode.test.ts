// Strict mode asked over REST and gRPC of a peer in memory.

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

const ask = (method: string, path: string, body?: unknown) => docs.ask(method, path, body);
const strictMode = (bounds: Record<string, unknown>) => docs.bound(bounds);
const NEAREST = { query: [1, 0], using: 'text' };
const query = (rest: object) => ask('POST', '/points/query', { ...NEAREST, ...rest });
const colour = (value: string) => ({ must: [{ key: 'colour', match: { value } }] });
const note = { must: [{ key: 'note', match: { value: 'x' } }] };
const point = (id: number) => ({ id, vector: { text: [1, 0] } });

test('limits hold for every stage of a query, groups, pages, facets and matrices', async () => {
  await strictMode({ max_query_limit: 4 });
  const text = (value: number) =>
    `Bad request: Limit exceeded ${value} > 4 for "limit". ` +
    'Help: Reduce the "limit" parameter to or below 4.';
  await served(query({ limit: 4 }));
  await refused(query({ limit: 5 }), text(5));
  const prefetch = [{ ...NEAREST, limit: 6 }];
  await refused(query({ prefetch, limit: 1 }), text(6));
  const grouped = { ...NEAREST, group_by: 'colour', limit: 2 };
  await served(ask('POST', '/points/query/groups', { ...grouped, group_size: 2 }));
  await refused(ask('POST', '/points/query/groups', { ...grouped, group_size: 3 }), text(6));
  await served(ask('POST', '/points/scroll', { limit: 4 }));
  await refused(ask('POST', '/points/scroll', { limit: 7 }), text(7));
  await refused(ask('POST', '/facet', { key: 'colour' }), text(10));
  const matrix = { using: 'text', limit: 3, sample: 10 };
  await refused(ask('POST', '/points/search/matrix/pairs', matrix), text(30));
});

test('search parameters and timeouts are bounded', async () => {
  await strictMode({
    search_max_hnsw_ef: 10,
    search_allow_exact: false,
    search_max_oversampling: 1.5,
    search_max_batchsize: 2,
    max_timeout: 3,
  });
  await served(
    query({ params: { hnsw_ef: 10, exact: false, quantization: { oversampling: 1.5 } } }),
  );
  await refused(
    query({ params: { hnsw_ef: 11 } }),
    'Bad request: Limit exceeded 11 > 10 for "hnsw_ef". Help: Reduce the "hnsw_ef" parameter to or below 10.',
  );
  await refused(
    query({ params: { exact: true } }),
    'Bad request: Exact search disabled. Help: Set exact=false.',
  );
  const { text } = await query({ params: { quantization: { oversampling: 2 } } });
  assert.match(text, /^Bad request: Limit exceeded 2 > 1.5 for "oversampling"\. Help: /);
  const batch = (searches: number) =>
    ask('POST', '/points/query/batch', {
      searches: Array.from({ length: searches }, () => NEAREST),
    });
  await served(batch(2));
  assert.match((await batch(3)).text, /^Bad request: Limit exceeded 3 > 2 for "batch size"/);
  await served(ask('POST', '/points/count?timeout=3', {}));
  assert.match((await ask('POST', '/points/count?timeout=4', {})).text, /4 > 3 for "timeout"/);
  const late = await ask('PUT', '/points?timeout=4', { points: [point(1)] });
  assert.match(late.text, /4 > 3 for "timeout"/);
});

test('the conditions of a filter are counted, and what each lists', async () => {
  await strictMode({ filter_max_conditions: 2, condition_max_size: 3 });
  const has = (...ids: number[]) => ({ has_id: ids });
  const count = (filter: object) => ask('POST', '/points/count', { filter });
  await served(count({ must: [has(1, 2, 3), { should: [has(1)] }] }));
  assert.match((await count({ must: [has(1, 2, 3, 4)] })).text, /4 > 3 for "condition size"/);
  const three = { must: [has(1)], must_not: [has(2), has(3)] };
  assert.match((await count(three)).text, /3 > 2 for "filter conditions"/);
  const removed = await ask('POST', '/points/delete', { filter: three });
  assert.match(removed.text, /3 > 2 for "filter conditions"/);
});

test('filters that no index answers are refused, of reads and of updates', async () => {
  await strictMode({ unindexed_filtering_retrieve: false, unindexed_filtering_update: false });
  const text =
    'Bad request: Index required but not found for "note" of one of the following types: ' +
    '[keyword]. Help: Create an index for this key or use a different filter.';
  await served(query({ filter: colour('red') }));
  await refused(query({ filter: note }), text);
  await refused(ask('POST', '/points/scroll', { filter: note }), text);
  await refused(ask('POST', '/points/count', { filter: note }), text);
  await refused(query({ prefetch: [{ ...NEAREST, filter: note }] }), text);
  const payload = { payload: { seen: true }, filter: note };
  await refused(ask('POST', '/points/payload', payload), text);
  await refused(ask('POST', '/points/delete', { filter: note }), text);
  // A condition on points that are named is evaluated for them alone.
  await served(ask('PUT', '/points', { points: [point(1)], update_filter: note }));
  const operations = [{ delete: { points: [99] } }, { delete: { filter: note } }];
  await refused(ask('POST', '/points/batch', { operations }), text);
  const formula = { sum: ['$score', { mult: [2, { key: 'note', match: { value: 'x' } }] }] };
  await refused(query({ prefetch: [NEAREST], query: { formula } }), text);
  const made = { field_name: 'note', field_schema: 'keyword' };
  await served(ask('PUT', '/index?wait=true', made));
  await served(query({ filter: note }));
  await served(ask('DELETE', '/index/note?wait=true'));
});

test('writes are bounded in points, in vectors and by what is there', async () => {
  const points = [point(90), point(91), point(92)];
  const upsert = (given: unknown) => ask('PUT', '/points?wait=true', { points: given });
  await strictMode({ upsert_max_batchsize: 2 });
  await served(upsert(points.slice(0, 2)));
  assert.match((await upsert(points)).text, /3 > 2 for "upsert batch size"/);
  await strictMode({
    multivector_config: { rows: { max_vectors: 2 } },
    sparse_config: { words: { max_length: 1 } },
  });
  const rows = (count: number) => Array.from({ length: count }, () => [1, 0]);
  await served(upsert([{ id: 93, vector: { rows: rows(2) } }]));
  assert.match((await upsert([{ id: 93, vector: { rows: rows(3) } }])).text, /vectors of rows/);
  const words = { indices: [1, 2], values: [1, 2] };
  assert.match((await upsert([{ id: 93, vector: { words } }])).text, /sparse vector words/);
  const { result } = await ask('POST', '/points/count', {});
  await strictMode({ max_points_count: result.count });
  assert.match((await upsert([point(94)])).text, /Max points count limit of \d+ reached\. Help: /);
  await strictMode({ max_points_count: result.count + 1 });
  await served(upsert([point(94)]));
  await strictMode({ max_collection_vector_size_bytes: 8 });
  assert.match((await upsert([point(95)])).text, /Max vector storage size limit/);
  await strictMode({ max_collection_payload_size_bytes: 1 });
  const full = /Max payload storage size limit of 1 bytes reached\. Help: Delete points or payload/;
  assert.match((await upsert([point(96)])).text, full);
  const change = { points: [1], payload: { more: true } };
  assert.match((await ask('POST', '/points/payload', change)).text, full);
  assert.match((await ask('PUT', '/points/payload', change)).text, full);
  await served(ask('POST', '/points/payload/delete', { points: [1], keys: ['note'] }));
  await served(ask('PUT', '/points/vectors', { points: [{ id: 1, vector: { text: [1, 0] } }] }));
  await served(ask('POST', '/points/delete', { points: [95] }));
  await strictMode({ max_collection_payload_size_bytes: 1_000_000 });
  await served(ask('POST', '/points/payload', change));
  await strictMode({ max_payload_index_count: 3 });
  const index = { field_name: 'other', field_schema: 'keyword' };
  assert.match((await ask('PUT', '/index', index)).text, /Max payload index count of 3 reached/);
});

test('reads and writes beyond their rate are answered 429 and when to come back', async () => {
  await strictMode({ read_rate_limit: 3, write_rate_limit: 2 });
  for (let i = 0; i < 3; i++) await served(ask('POST', '/points/count', {}));
  const read = await ask('POST', '/points/count', {});
  assert.equal(read.status, 429);
  assert.equal(read.text, 'Rate limiting exceeded: Read rate limit exceeded, retry later');
  const seconds = Number(read.headers.get('retry-after'));
  assert.ok(seconds >= 1 && seconds <= 20, String(seconds));
  await served(ask('PUT', '/points', { points: [point(90), point(91)] }));
  assert.equal((await ask('POST', '/points/delete', { points: [1] })).status, 429);
  const large = await ask('PUT', '/points', { points: [point(1), point(2), point(3)] });
  assert.equal(large.status, 429);
  assert.equal(large.headers.get('retry-after'), null);
  assert.match(large.text, /larger than the rate limit of 2/);
});

test('gRPC is held to the same bounds', async () => {
  const client = new QdrantClient({ host: '127.0.0.1', port: docs.cluster.grpcPort(0) });
  await strictMode({ max_query_limit: 4, read_rate_limit: 1 });
  const count = () => client.api('points').count({ collectionName: 'docs' });
  await assert.rejects(
    client.api('points').scroll({ collectionName: 'docs', limit: 5 }),
    /Limit exceeded 5 > 4 for "limit"\. Help: /,
  );
  await assert.rejects(count(), (error: unknown) => {
    assert.ok(error instanceof Error && error.cause instanceof Error);
    assert.match(error.message, /Read rate limit exceeded/);
    // Of the 60 seconds told, the client reads the first digit.
    assert.equal(Object(error.cause).retry_after, 6);
    return true;
  });
});

test('bounds that are set refuse nothing while strict mode is off', async () => {
  await strictMode({ enabled: false, max_query_limit: 1, search_allow_exact: false });
  await served(query({ limit: 9, params: { exact: true }, filter: note }));
});
