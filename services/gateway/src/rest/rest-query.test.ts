// Queries of every kind, asked by the official client of peers in memory.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { QdrantClient } from '@qdrant/js-client-rest';
import { createDocs, idsOf } from '../testing/example-docs.ts';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

let cluster: MemoryCluster;
let client: QdrantClient;

before(async () => {
  cluster = await startMemoryCluster({ peers: 2 });
  client = new QdrantClient({ url: cluster.url(0) });
  await createDocs(cluster.url());
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('a scroll may be ordered by a value, and tells it', async () => {
  const { points, next_page_offset: next } = await client.scroll('docs', {
    order_by: { key: 'n', direction: 'desc', start_from: 10 },
    limit: 3,
    with_payload: false,
  });
  assert.deepEqual(points, [
    { id: 10, order_value: 10 },
    { id: 9, order_value: 9 },
    { id: 8, order_value: 8 },
  ]);
  assert.equal(next, null);
});

test('the universal query answers in every variant', async () => {
  const ask = async (body: Parameters<typeof client.query>[1]) =>
    idsOf((await client.query('docs', { using: 'text', limit: 3, ...body })).points);
  assert.deepEqual(await ask({ query: [1, 0] }), [0, 1, 2]);
  assert.deepEqual(await ask({ query: 0 }), [1, 2, 3]);
  assert.deepEqual(await ask({ query: { nearest: [0, 1] }, offset: 1 }), [10, 9, 8]);
  assert.deepEqual(await ask({ query: { recommend: { positive: [0, [1, 0]] } } }), [1, 2, 3]);
  for (const strategy of ['best_score', 'sum_scores'] as const) {
    const recommend = { positive: [11], negative: [0], strategy };
    assert.equal((await ask({ query: { recommend } })).length, 3, strategy);
  }
  const pair = { positive: 11, negative: 0 };
  assert.equal((await ask({ query: { discover: { target: 6, context: [pair] } } })).length, 3);
  assert.equal((await ask({ query: { context: pair } })).length, 3);
  assert.deepEqual(await ask({ query: { order_by: 'n' } }), [0, 1, 2]);
  assert.equal((await ask({ query: { sample: 'random' } })).length, 3);
  const mmr = { diversity: 0.5, candidates_limit: 12 };
  assert.equal((await ask({ query: { nearest: [1, 0], mmr } }))[0], 0);
  const prefetch = [
    { query: [1, 0], using: 'text', limit: 4 },
    { query: { indices: [1], values: [1] }, using: 'words', limit: 4 },
    { query: [[1, 0]], using: 'rows', limit: 4 },
  ];
  const fused = async (query: Record<string, unknown>) =>
    (await client.query('docs', { prefetch, query, limit: 4 })).points.length;
  assert.equal(await fused({ fusion: 'rrf' }), 4);
  assert.equal(await fused({ fusion: 'dbsf' }), 4);
  assert.equal(await fused({ rrf: { k: 5, weights: [1, 2, 0.5] } }), 4);
  assert.deepEqual(
    await ask({ prefetch: { query: [1, 0], using: 'text', limit: 12 }, query: [0, 1] }),
    [11, 10, 9],
  );
  const formula = { sum: ['$score', { mult: [2, { key: 'colour', match: { value: 'blue' } }] }] };
  const [best] = await ask({ prefetch: prefetch.slice(0, 1), query: { formula } });
  assert.equal(best, 2);
  assert.deepEqual(await ask({}), [0, 1, 2], 'nothing asked for: by id');
});

test('relevance feedback moves what is found towards what was judged better', async () => {
  const feedback = [
    { example: 11, score: 0.9 },
    { example: 0, score: 0.1 },
  ];
  const ask = async (a: number, c: number) => {
    const strategy = { naive: { a, b: 1, c } };
    const query = { relevance_feedback: { target: [1, 0], feedback, strategy } };
    return idsOf((await client.query('docs', { query, using: 'text', limit: 3 })).points);
  };
  assert.deepEqual(await ask(1, 0), [1, 2, 3]);
  assert.deepEqual(await ask(0, 1), [10, 9, 8]);
  assert.deepEqual(await ask(0, -1), [1, 2, 3]);
});

test('terms are weighed within the corpus that a query names', async () => {
  const sparse_vectors = { words: { modifier: 'idf' as const } };
  await client.createCollection('corpus', { sparse_vectors });
  const points = [0, 1, 2, 3].map((id) => ({
    id,
    // Term 1 is in every point, term 2 in the first only.
    vector: { words: { indices: id === 0 ? [1, 2] : [1], values: id === 0 ? [1, 1] : [1] } },
    payload: { part: id < 2 ? 'early' : 'late' },
  }));
  await client.upsert('corpus', { wait: true, points });
  const weightOfTerm = async (params: Record<string, unknown>) => {
    const query = { indices: [2], values: [1] };
    const found = await client.query('corpus', { query, using: 'words', params });
    return Math.fround(found.points[0]?.score ?? 0);
  };
  const among = (documents: number, having: number) =>
    Math.fround(Math.log((documents - having + 0.5) / (having + 0.5) + 1));
  assert.equal(await weightOfTerm({}), among(4, 1));
  assert.equal(await weightOfTerm({ idf: 'global' }), among(4, 1));
  const corpus = (part: string) => ({ must: [{ key: 'part', match: { value: part } }] });
  assert.equal(await weightOfTerm({ idf: { corpus: corpus('early') } }), among(2, 1));
  assert.equal(await weightOfTerm({ idf: { corpus: corpus('late') } }), among(2, 0));
});

test('a context of no pairs holds for every point alike', async () => {
  const { points } = await client.query('docs', {
    query: { context: [] },
    using: 'text',
    limit: 99,
  });
  assert.equal(points.length, 12);
  assert.ok(points.every(({ score }) => score === 0));
});

test('ids of a query may be looked up in another collection', async () => {
  await client.createCollection('examples', { vectors: { size: 2, distance: 'Cosine' } });
  await client.upsert('examples', { wait: true, points: [{ id: 77, vector: [0, 1] }] });
  const lookup_from = { collection: 'examples', vector: '' };
  const { points } = await client.query('docs', {
    query: 77,
    using: 'text',
    lookup_from,
    limit: 2,
  });
  assert.deepEqual(idsOf(points), [11, 10]);
  await assert.rejects(
    client.query('docs', { query: 77, using: 'text', lookup_from: { collection: 'nowhere' } }),
    { status: 404, message: /not found|Not Found/i },
  );
});

test('batches, groups, facets and matrices', async () => {
  const batch = await client.queryBatch('docs', {
    searches: [
      { query: [1, 0], using: 'text', limit: 1 },
      { query: { indices: [2], values: [1] }, using: 'words', limit: 2 },
    ],
  });
  assert.deepEqual(
    batch.map(({ points }) => points.length),
    [1, 2],
  );
  const { groups } = await client.queryGroups('docs', {
    query: [1, 0],
    using: 'text',
    group_by: 'colour',
    group_size: 2,
    limit: 2,
  });
  assert.deepEqual(
    groups.map(({ id, hits }) => [id, idsOf(hits)]),
    [
      ['red', [0, 3]],
      ['green', [1, 4]],
    ],
  );
  const looked = await client.queryGroups('docs', {
    query: [1, 0],
    using: 'text',
    group_by: 'n',
    limit: 1,
    with_lookup: { collection: 'docs', with_payload: ['colour'] },
  });
  assert.deepEqual(looked.groups[0]?.lookup, { id: 0, payload: { colour: 'red' } });
  const { hits } = await client.facet('docs', { key: 'colour', exact: true });
  assert.deepEqual(hits, [
    { value: 'blue', count: 4 },
    { value: 'green', count: 4 },
    { value: 'red', count: 4 },
  ]);
  const { pairs } = await client.searchMatrixPairs('docs', { using: 'text', sample: 12, limit: 1 });
  assert.equal(pairs.length, 12);
  const offsets = await client.searchMatrixOffsets('docs', { using: 'text', sample: 12, limit: 2 });
  assert.equal(offsets.ids.length, 12);
  assert.equal(offsets.scores.length, 24);
});

test('the older endpoints mean what their queries mean', async () => {
  const vector = { name: 'text', vector: [1, 0] };
  assert.deepEqual(idsOf(await client.search('docs', { vector, limit: 2 })), [0, 1]);
  const sparse = { name: 'words', vector: { indices: [3], values: [1] } };
  assert.equal((await client.search('docs', { vector: sparse, limit: 2 })).length, 2);
  const recommend = { positive: [0], negative: [11], using: 'text', limit: 2 };
  assert.deepEqual(idsOf(await client.recommend('docs', recommend)), [1, 2]);
  assert.equal((await client.recommendBatch('docs', { searches: [recommend] })).length, 1);
  const grouped = await client.searchPointGroups('docs', {
    vector,
    group_by: 'colour',
    group_size: 1,
    limit: 3,
  });
  assert.equal(grouped.groups.length, 3);
  const recommended = await client.recommendPointGroups('docs', {
    ...recommend,
    group_by: 'colour',
    group_size: 1,
  });
  assert.equal(recommended.groups.length, 2);
  const discover = { target: 5, context: [{ positive: 11, negative: 0 }], using: 'text', limit: 2 };
  assert.equal((await client.discoverPoints('docs', discover)).length, 2);
  const context = { context: discover.context, using: 'text', limit: 2 };
  assert.equal((await client.discoverBatchPoints('docs', { searches: [context] })).length, 1);
});

test('every kind of condition finds the points it is meant for', async () => {
  const find = async (filter: Record<string, unknown>) =>
    idsOf((await client.scroll('docs', { filter, limit: 20, with_payload: false })).points);
  const field = (condition: object) => ({ must: [condition] });
  assert.deepEqual(await find(field({ key: 'at', range: { gte: '2024-01-11' } })), [10, 11]);
  assert.deepEqual(await find(field({ key: 'note', match: { text: 'number 7' } })), [7]);
  const center = { lon: 5, lat: 5 };
  assert.deepEqual(await find(field({ key: 'place', geo_radius: { center, radius: 1_000 } })), [5]);
  assert.deepEqual(await find(field({ has_vector: 'nothing' })), []);
  assert.equal((await find(field({ has_vector: 'words' }))).length, 12);
  assert.equal((await find(field({ key: 'n', values_count: { gte: 1 } }))).length, 12);
  const conditions = [
    { key: 'colour', match: { value: 'red' } },
    { key: 'n', range: { lt: 4 } },
    { has_id: [3, 9] },
  ];
  assert.deepEqual(await find({ min_should: { conditions, min_count: 2 } }), [0, 3, 9]);
});
