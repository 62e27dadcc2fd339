// Queries that rank by a text index, as clients ask them.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

const TEXTS = [
  'a cat sat on a mat',
  'the cat',
  'dogs',
  'cat cat dog',
  '',
  'a mat for dogs and a cat',
];

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  for (const [name, shards] of [
    ['one', 1],
    ['three', 3],
  ] as const) {
    const vectors = { size: 2, distance: 'Dot' };
    await done('PUT', name, { vectors, shard_number: shards });
    const index = { type: 'text', scoring: true };
    await done('PUT', `${name}/index?wait=true`, { field_name: 'text', field_schema: index });
    await done('PUT', `${name}/index?wait=true`, { field_name: 'plain', field_schema: 'text' });
    const points = TEXTS.map((text, id) => {
      return { id, vector: [id, 1], payload: { text, parity: id % 2 } };
    });
    await done('PUT', `${name}/points?wait=true`, { points });
  }
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body: unknown) {
  const answer = await fetch(`${cluster.url()}/collections/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { status, result } = JSON.parse(await answer.text());
  return { status: answer.status, text: status.error ?? '', result };
}

async function done(method: string, path: string, body: unknown) {
  const { status, text, result } = await ask(method, path, body);
  assert.equal(status, 200, text);
  return result;
}

async function found(collection: string, query: object): Promise<[number, number][]> {
  const { points } = await done('POST', `${collection}/points/query`, query);
  return points.map(({ id, score }: { id: number; score: number }) => [id, score]);
}

const asked = (text: unknown, others = {}) => ({ query: { text }, using: 'text', ...others });

/** The formula of the contract over all points, in all shards. */
function bm25(terms: readonly string[], k = 1.2, b = 0.75): Map<number, number> {
  const documents = TEXTS.map((text) => text.split(' ').filter((token) => token !== ''));
  const filled = documents.filter(({ length }) => length > 0);
  const average = filled.reduce((sum, { length }) => sum + length, 0) / filled.length;
  const scores = new Map<number, number>();
  for (const [id, tokens] of documents.entries()) {
    let score = 0;
    for (const term of terms) {
      const tf = tokens.filter((token) => token === term).length;
      const df = filled.filter((other) => other.includes(term)).length;
      const idf = Math.log((filled.length - df + 0.5) / (df + 0.5) + 1);
      score += (idf * tf * (k + 1)) / (tf + k * (1 - b + (b * tokens.length) / average));
    }
    if (score > 0) scores.set(id, score);
  }
  return scores;
}

function assertScores(hits: [number, number][], expected: Map<number, number>): void {
  const sorted = [...expected].sort((x, y) => y[1] - x[1] || x[0] - y[0]);
  assert.deepEqual(
    hits.map(([id]) => id),
    sorted.map(([id]) => id),
  );
  for (const [id, score] of hits) assert.ok(Math.abs(score - (expected.get(id) ?? 0)) < 1e-6);
}

test('scores are of the whole collection, to the bit the same for any number of shards', async () => {
  for (const text of ['cat', 'cat dogs', 'Cat, cat!', 'mat for nothing', 'nothing']) {
    const one = await found('one', asked(text));
    assert.deepEqual(await found('three', asked(text)), one);
  }
  assertScores(await found('three', asked('cat mat')), bm25(['cat', 'mat']));
  const scoring = { bm25: { k: 0.5, b: 0 } };
  const query = asked({ query: 'cat dogs', scoring });
  assertScores(await found('three', query), bm25(['cat', 'dogs'], 0.5, 0));
  assert.deepEqual(await found('three', asked({ query: 'cat' })), await found('one', asked('cat')));
});

test('a text query is filtered, paged, grouped and fused like any other', async () => {
  const all = await found('three', asked('cat dogs'));
  const filter = { must: [{ key: 'parity', match: { value: 1 } }] };
  const odd = await found('three', asked('cat dogs', { filter }));
  assert.deepEqual(
    odd,
    all.filter(([id]) => id % 2 === 1),
  );
  const page = await found('three', asked('cat dogs', { limit: 2, offset: 1 }));
  assert.deepEqual(page, all.slice(1, 3));
  const [, second] = all;
  const above = await found('three', asked('cat dogs', { score_threshold: second?.[1] }));
  assert.ok(above.length < all.length && above.every(([, score]) => score >= (second?.[1] ?? 0)));
  const { groups } = await done('POST', 'three/points/query/groups', {
    ...asked('cat dogs'),
    ...{ group_by: 'parity', group_size: 1, limit: 5 },
  });
  const best = [0, 1].map((parity) => all.find(([id]) => id % 2 === parity)?.[0]);
  const grouped = groups.map(({ hits: [hit] }: { hits: { id: number }[] }) => hit?.id);
  assert.deepEqual(grouped.sort(), best.sort());
  const fused = await found('three', {
    prefetch: [
      { ...asked('dogs'), limit: 2 },
      { query: [1, 0], limit: 1 },
    ],
    query: { fusion: 'rrf' },
  });
  assert.deepEqual(new Set(fused.map(([id]) => id)), new Set([2, 5]));
});

test('a corpus of the statistics changes scores, not hits', async () => {
  const corpus = { must: [{ key: 'parity', match: { value: 0 } }] };
  const all = await found('one', asked('cat dogs'));
  const within = await found('three', asked('cat dogs', { params: { idf: { corpus } } }));
  assert.deepEqual(new Set(within.map(([id]) => id)), new Set(all.map(([id]) => id)));
  assert.notDeepEqual(within, all);
  assert.deepEqual(await found('one', asked('cat dogs', { params: { idf: { corpus } } })), within);
  assert.deepEqual(await found('one', asked('cat dogs', { params: { idf: 'global' } })), all);
});

test('text queries that make no sense are refused', async () => {
  const prefetch = { query: [1, 0], limit: 3 };
  const refusals: [object, number, RegExp][] = [
    [{ query: { text: 'a' } }, 400, /needs `using` to name the payload field/],
    [{ query: { text: 'a' }, using: 'plain' }, 400, /text index on `plain` does not score/],
    [
      { query: { text: 'a' }, using: 'nowhere' },
      400,
      /needs a text index with `scoring` on field `nowhere`/,
    ],
    [{ query: { text: 'a' }, using: 'a[' }, 400, /using/],
    [asked('a', { prefetch }), 400, /cannot rescore prefetches/],
    [asked(5), 400, /query\.text: invalid type: 5/],
    [asked({}), 400, /query\.text\.query: invalid type: nothing/],
    [asked({ query: 'a', scoring: { bm25: { k: -1 } } }), 422, /bm25\.k: value -1 invalid/],
    [asked({ query: 'a', scoring: { bm25: { b: 1.5 } } }), 422, /bm25\.b: value 1\.5 invalid/],
    [asked({ query: 'a', scoring: { tfidf: {} } }), 400, /scoring\.bm25: invalid type: nothing/],
  ];
  for (const [query, status, message] of refusals) {
    const answer = await ask('POST', 'one/points/query', query);
    assert.deepEqual([answer.status, message.test(answer.text)], [status, true], answer.text);
  }
});

test('idf is refused where no terms are weighed', async () => {
  await done('PUT', 'sparse', {
    vectors: { dense: { size: 2, distance: 'Dot' } },
    sparse_vectors: { weighed: { modifier: 'idf' }, plain: {} },
  });
  const terms = { indices: [1], values: [1] };
  const corpus = { must: [{ key: 'parity', match: { value: 0 } }] };
  for (const idf of ['global', { corpus }]) {
    await done('POST', 'sparse/points/query', { query: terms, using: 'weighed', params: { idf } });
    for (const [using, query] of [
      ['dense', [1, 0]],
      ['plain', terms],
    ] as const) {
      const nearest = { query, using, params: { idf }, limit: 1 };
      for (const body of [nearest, { prefetch: [nearest], query: { fusion: 'rrf' } }]) {
        const answer = await ask('POST', 'sparse/points/query', body);
        assert.equal(answer.status, 400, answer.text);
        assert.match(answer.text, new RegExp(`requires a sparse vector.*"${using}" is not`));
      }
    }
  }
});
