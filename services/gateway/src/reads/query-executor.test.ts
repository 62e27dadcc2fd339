import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Filter,
  ID_ONLY,
  isSparse,
  type JsonObject,
  type Point,
  type PointId,
  payloadFromBytes,
  type Query,
  type QueryRequest,
  type ScoredPoint,
  type VectorExample,
} from '@tributary/model';
import { inverseDocumentFrequency, similarityOf } from '@tributary/ranking';
import fc from 'fast-check';
import { MemoryShards } from '../testing/memory-shards.ts';
import {
  CONFIG,
  ids,
  naive,
  POINTS,
  RANK_INDEX,
  rankOf,
  request,
  sparse,
  stageOf,
  vector,
} from '../testing/naive-query.ts';
import { ordered, tree } from '../testing/query-trees.test-support.ts';

async function filled(seed?: number) {
  const shards = new MemoryShards(seed);
  const collection = await shards.create('c', CONFIG);
  await shards.apply(collection, { kind: 'upsert', points: POINTS });
  await shards.apply(collection, RANK_INDEX);
  const run = async (stage: Partial<QueryRequest>): Promise<ScoredPoint[]> => {
    const [points = []] = await shards.reader.query(collection, [request(stage)], {});
    return points;
  };
  return { shards, collection, run };
}

const byId = (id: PointId): VectorExample => ({ kind: 'id', id });
const nearest = (target: VectorExample): Query => ({ kind: 'nearest', target });
const red: Filter = { must: [{ kind: 'match', key: 'color', value: 'red' }] };

test('a tree of stages over four shards finds what it finds over all points in one place', async () => {
  await using instance = new MemoryShards();
  const collection = await instance.create('p', CONFIG);
  await instance.apply(collection, { kind: 'upsert', points: POINTS });
  await instance.apply(collection, RANK_INDEX);
  await fc.assert(
    fc.asyncProperty(
      fc.array(tree, { minLength: 1, maxLength: 3 }),
      fc.nat(3),
      async (stages, offset) => {
        const requests = stages.map((stage) => request({ ...stage, offset }));
        const answers = await instance.reader.query(collection, requests, {});
        for (const [i, stage] of stages.entries()) {
          const expected = naive(stage, [], offset + stage.limit).slice(offset);
          const actual = (answers[i] ?? []).map(({ id, score }) => ({ id, score }));
          assert.deepEqual(actual, expected);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('plain searches of a batch, and the leaves of a tree, share one call a shard', async () => {
  const { shards, collection, run } = await filled();
  await using _ = shards;
  const plain = request({ query: nearest(vector(1, 1)) });
  await shards.reader.query(collection, [plain, plain, plain], {});
  assert.deepEqual(shards.calls, ['search', 'search', 'search', 'search']);
  shards.calls.length = 0;
  const prefetch = [vector(1, 2), vector(0, 1), vector(2, 1)].map((target) =>
    stageOf({ query: nearest(target) }),
  );
  await run({ prefetch, query: { kind: 'rrf', k: 2 } });
  assert.deepEqual(shards.calls, ['search', 'search', 'search', 'search']);
});

test('a formula sees the scores of its prefetches and the payload, and its threshold is inclusive', async () => {
  const { shards, run } = await filled();
  await using _ = shards;
  const prefetch = [
    stageOf({ query: nearest(vector(1, 0)), limit: 5 }),
    stageOf({ query: ordered, limit: 5 }),
  ];
  const query: Query = {
    kind: 'formula',
    formula: {
      kind: 'sum',
      operands: [
        { kind: 'variable', name: '$score[1]' },
        { kind: 'variable', name: 'rank' },
        { kind: 'condition', filter: { must: [{ kind: 'hasVector', name: 'far' }] } },
      ],
    },
    defaults: { '$score[1]': 100 },
  };
  const byRank = POINTS.toSorted((a, b) => rankOf(Number(b.id)) - rankOf(Number(a.id)));
  const top = new Set(ids(byRank.slice(0, 5)));
  const first = naive(prefetch[0] ?? stageOf({}), []);
  const expected = [...new Set([...ids(first), ...top])]
    .map((id) => {
      const hasFar = Number(id) % 4 === 0 ? 0 : 1;
      return { id, score: (top.has(id) ? 1 : 100) + rankOf(Number(id)) + hasFar };
    })
    .sort((a, b) => b.score - a.score || Number(a.id) - Number(b.id));
  const answer = await run({ prefetch, query, limit: 3 });
  assert.deepEqual(
    answer.map(({ id, score }) => ({ id, score })),
    expected.slice(0, 3),
  );
  const scoreThreshold = expected[1]?.score ?? 0;
  assert.equal((await run({ prefetch, query, limit: 9, scoreThreshold })).length, 2);
});

test('what a fusion ranks comes with what the request wants to see of it', async () => {
  const { shards, collection, run } = await filled();
  await using _ = shards;
  const prefetch = [stageOf({ query: nearest(byId(3)), limit: 4 })];
  const points = await run({
    prefetch,
    query: { kind: 'rrf', k: 2 },
    offset: 1,
    limit: 2,
    projection: { payload: { kind: 'include', keys: ['rank'] }, vectors: { kind: 'all' } },
  });
  assert.equal(points.length, 2);
  const stored = await shards.reader.retrieve(
    collection,
    { ids: ids(points), projection: ID_ONLY },
    {},
  );
  const versions = new Map(stored.map(({ id, version }) => [id, version]));
  for (const { id, payload, vectors, version } of points) {
    const shown: JsonObject = payload === undefined ? {} : payloadFromBytes(payload);
    assert.deepEqual(shown, { rank: rankOf(Number(id)) });
    assert.deepEqual(vectors, POINTS[Number(id)]?.vectors);
    assert.ok(version > 0);
    assert.equal(version, versions.get(id));
  }
});

test('diversity picks among the candidates and reports their relevance', async () => {
  const { shards, run } = await filled();
  await using _ = shards;
  const target = vector(2, 3);
  const mmr = { diversity: 1, candidatesLimit: 30 };
  const diverse = await run({ query: { kind: 'nearest', target, mmr }, limit: 3 });
  const all = await run({ query: nearest(target), limit: 30 });
  assert.equal(diverse[0]?.id, all[0]?.id);
  const [first = vector(0, 0)] = [byId(diverse[0]?.id ?? 0)];
  const farthest = (await run({ query: nearest(first), limit: 30 })).at(-1);
  assert.equal(diverse[1]?.id, farthest?.id, 'the one least like the first');
  for (const { id, score, vectors } of diverse) {
    assert.equal(score, all.find((point) => point.id === id)?.score);
    assert.equal(vectors, undefined);
  }
  const relevant = { diversity: 0, candidatesLimit: 30 };
  const same = await run({ query: { kind: 'nearest', target, mmr: relevant }, limit: 5 });
  assert.deepEqual(ids(same), ids(all).slice(0, 5));
});

test('diversity compares sparse vectors as they are, while scores weigh their terms', async () => {
  const { shards, run } = await filled();
  await using _ = shards;
  const query = sparse({ 0: 1, 1: 2, 4: 1, 6: 1 });
  const target: VectorExample = { kind: 'vector', vector: query };
  const mmr = { diversity: 0, candidatesLimit: 30 };
  const picked = await run({ query: { kind: 'nearest', target, mmr }, using: 'words', limit: 30 });
  const scored = await run({ query: nearest(target), using: 'words', limit: 30 });
  const byId = (a: ScoredPoint, b: ScoredPoint) => Number(a.id) - Number(b.id);
  assert.deepEqual(picked.toSorted(byId), scored.toSorted(byId));
  const relevance = ({ id }: ScoredPoint) => {
    const vector = POINTS[Number(id)]?.vectors.words ?? query;
    return similarityOf('Dot')(query, vector);
  };
  // The first is the best by score, the others follow by relevance.
  const others = picked.slice(1).map(relevance);
  assert.deepEqual(
    others,
    others.toSorted((a, b) => b - a),
  );
});

test('terms are weighed by how rare they are in the corpus, each query by its own', async () => {
  const { shards, collection } = await filled();
  await using _ = shards;
  const target: VectorExample = { kind: 'vector', vector: sparse({ 1: 1, 4: 1 }) };
  const asked = (corpus?: Filter) =>
    request({
      query: nearest(target),
      using: 'words',
      limit: 30,
      params: corpus === undefined ? {} : { idf: { corpus } },
    });
  const queries = [asked(), asked(red), asked({ must: [{ kind: 'hasId', ids: [] }] })];
  const answers = await shards.reader.query(collection, queries, {});
  const having = POINTS.flatMap(({ id, vectors: { words } }) =>
    words !== undefined && isSparse(words) ? [{ id, terms: words.indices }] : [],
  );
  const corpora = [() => true, (id: PointId) => Number(id) % 3 === 0, () => false];
  for (const [i, isIn] of corpora.entries()) {
    const corpus = having.filter(({ id }) => isIn(id));
    const weight = (term: number) => {
      const count = corpus.filter(({ terms }) => terms.includes(term)).length;
      return inverseDocumentFrequency(corpus.length, count);
    };
    for (const { id, score } of answers[i] ?? []) {
      const terms = having.find((each) => each.id === id)?.terms ?? new Uint32Array(0);
      // Values of terms below 3 are 1, those of the others 2: see `POINTS`.
      const expected =
        (terms.includes(1) ? weight(1) : 0) + (terms.includes(4) ? 2 * weight(4) : 0);
      assert.ok(Math.abs(score - expected) < 1e-5, `${score} is about ${expected}`);
    }
    assert.ok((answers[i] ?? []).length > 0);
  }
});

test('a sample is of the filter, without repetition, and not always the same', async () => {
  const { shards, run } = await filled();
  await using _ = shards;
  const seen = new Set<PointId>();
  for (let i = 0; i < 40; i++) {
    const sample = ids(await run({ query: { kind: 'sample' }, filter: red, limit: 4 }));
    assert.equal(new Set(sample).size, 4);
    for (const id of sample) {
      assert.equal(Number(id) % 3, 0);
      seen.add(id);
    }
  }
  assert.equal(seen.size, 10, 'every red point comes up');
});

test('a sample has no order to skip in: an offset takes nothing away from it', async () => {
  const { shards, run } = await filled();
  await using _ = shards;
  const sample: Query = { kind: 'sample' };
  const all = stageOf({ query: nearest(vector(1, 1)), limit: 12 });
  for (const offset of [0, 8, 40]) {
    assert.equal((await run({ query: sample, filter: red, limit: 5, offset })).length, 5);
    assert.equal((await run({ prefetch: [all], query: sample, limit: 7, offset })).length, 7);
  }
});

test('vectors come from another collection where the query says so, and its points are not left out', async () => {
  const { shards, collection, run } = await filled();
  await using _ = shards;
  const other = await shards.create('other', { vectors: { two: { size: 2, distance: 'Dot' } } });
  const lent: Point = {
    id: 5,
    payload: new Uint8Array(0),
    vectors: { two: Float32Array.of(1, 3) },
  };
  await shards.apply(other, { kind: 'upsert', points: [lent] });
  const lookupFrom = { collection: 'other', vector: 'two' };
  const found = await run({ query: nearest(byId(5)), lookupFrom, limit: 30 });
  const expected = await run({ query: nearest(vector(1, 3)), limit: 30 });
  assert.deepEqual(found, expected);
  const missing = { ...request({ query: nearest(byId(5)) }), lookupFrom: { collection: 'none' } };
  await assert.rejects(shards.reader.query(collection, [missing], {}), {
    code: 'not_found',
    message: 'Collection none not found',
  });
});

test('an example that is not there, or without the vector, is not found', async () => {
  const { shards, run } = await filled();
  await using _ = shards;
  await assert.rejects(run({ query: nearest(byId(99)) }), {
    code: 'not_found',
    message: 'No point with id 99 found',
  });
  await assert.rejects(run({ query: nearest(byId(4)), using: 'far' }), { code: 'not_found' });
  await assert.rejects(run({ query: nearest(vector(1)) }), { code: 'wrong_input' });
  await assert.rejects(run({ query: nearest(vector(1, 2)), using: 'none' }), {
    code: 'wrong_input',
  });
  await assert.rejects(run({ query: { kind: 'dbsf' } }), { code: 'bad_request' });
  const broken: Query = {
    kind: 'formula',
    formula: { kind: 'variable', name: '$score[x]' },
    defaults: {},
  };
  const nothing = [stageOf({ filter: { must: [{ kind: 'hasId', ids: [] }] } })];
  await assert.rejects(run({ prefetch: nothing, query: broken }), { code: 'bad_request' });
});
