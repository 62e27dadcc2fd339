import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Filter,
  ID_ONLY,
  type JsonObject,
  payloadFromBytes,
  payloadToBytes,
  type TextIndex,
  type TextQuery,
  type TextScoring,
  type TextStatistics,
} from '@tributary/model';
import { EVERYTHING, ReplicaForTests, SIZES } from './replica.test-support.ts';

const INDEX: TextIndex = {
  ...{ type: 'text', tokenizer: 'word', lowercase: true, asciiFolding: false },
  ...{ phraseMatching: false, stopwords: [], scoring: 'bm25' },
};

/** The scores beside them are those of Qdrant's engine (qdrant-edge-py 0.9.0) over the same points. */
const POINTS: readonly JsonObject[] = [
  { t: 'a b c' },
  { t: 'a a d e f' },
  { t: ['a', 'x y z w'] },
  { t: 'b' },
  { t: '' },
  {},
  { t: 5 },
  { t: ['b b', 7] },
];

async function filled(index: TextIndex = INDEX): Promise<ReplicaForTests> {
  const replica = await ReplicaForTests.open(SIZES);
  const { scoring: _, ...unscored } = INDEX;
  replica.createPayloadIndexes({ t: index, u: unscored });
  replica.upsert(
    POINTS.map((payload, id) => ({ id, vectors: {}, payload: payloadToBytes(payload) })),
  );
  return replica;
}

/** As the gateway makes it of what all shards know. */
function scoringOf(
  { documents, tokens, terms }: TextStatistics,
  k: number,
  b: number,
): TextScoring {
  const weighed = terms.map(({ term, frequency }) => {
    return { term, weight: Math.log((documents - frequency + 0.5) / (frequency + 0.5) + 1) };
  });
  return { kind: 'text', terms: weighed, k, b, averageLength: tokens / documents };
}

interface Asked {
  readonly k?: number;
  readonly b?: number;
  readonly corpus?: Filter;
  readonly query?: Partial<TextQuery>;
}

function found({ reader }: ReplicaForTests, text: string, asked: Asked = {}): [number, number][] {
  const { k = 1.2, b = 0.75, corpus } = asked;
  const statistics = reader.textStatistics({ field: 't', text, ...(corpus && { filter: corpus }) });
  const scoring = scoringOf(statistics, k, b);
  const query = { using: 't', limit: 20, params: {}, projection: ID_ONLY, ...asked.query };
  return reader.search({ ...query, scoring }).map(({ id, score }) => [Number(id), score]);
}

function assertHits(hits: [number, number][], expected: [number, number][]): void {
  assert.deepEqual(
    hits.map(([id]) => id),
    expected.map(([id]) => id),
  );
  for (const [i, [, score]] of expected.entries()) {
    // The engine sums in float32.
    assert.ok(Math.abs((hits[i]?.[1] ?? 0) - score) < 1e-6, `${hits[i]} ${score}`);
  }
}

const ENGINE: readonly [string, [number, number][]][] = [
  [
    'a',
    [
      [1, 0.6398879289627075],
      [0, 0.5531392097473145],
      [2, 0.4381680488586426],
    ],
  ],
  [
    'a b',
    [
      ...[
        [0, 1.106278419494629],
        [7, 0.8285012245178223],
        [3, 0.7499082088470459],
      ],
      ...[
        [1, 0.6398879289627075],
        [2, 0.4381680488586426],
      ],
    ] as [number, number][],
  ],
  [
    'a A',
    [
      [1, 0.6398879289627075],
      [0, 0.5531392097473145],
      [2, 0.4381680488586426],
    ],
  ],
  ['x nowhere', [[2, 1.1269644498825073]]],
  ['nothing', []],
  ['', []],
];

test('a text ranks the points as the engine does', async () => {
  const replica = await filled();
  for (const [text, expected] of ENGINE) assertHits(found(replica, text), expected);
  assertHits(found(replica, 'a b', { k: 0, b: 0.5 }), [
    [0, 1.0779930353164673],
    ...[1, 2, 3, 7].map((id): [number, number] => [id, 0.5389965176582336]),
  ]);
});

test('statistics are of all points or of a corpus, hits of the filter', async () => {
  const replica = await filled();
  const filter: Filter = { must: [{ kind: 'hasId', ids: [0, 1, 3] }] };
  assertHits(found(replica, 'a b', { query: { filter } }), [
    [0, 1.106278419494629],
    [3, 0.7499082088470459],
    [1, 0.6398879289627075],
  ]);
  assertHits(found(replica, 'a b', { corpus: filter }), [
    [0, 0.9400072693824768],
    [7, 0.7131089568138123],
    [3, 0.6462550163269043],
    [1, 0.5442147254943848],
    [2, 0.3692885637283325],
  ]);
  replica.delete([0, 1]);
  assertHits(found(replica, 'a b'), [
    [2, 0.7222842574119568],
    [7, 0.6951314806938171],
    [3, 0.6314552426338196],
  ]);
});

test('limit, threshold and projection hold for a text as for vectors', async () => {
  const replica = await filled();
  assertHits(found(replica, 'a b', { query: { limit: 1 } }), [[0, 1.106278419494629]]);
  const above = found(replica, 'a b', { query: { scoreThreshold: 0.8 } });
  assert.deepEqual(
    above.map(([id]) => id),
    [0, 7],
  );
  const scoring = scoringOf(replica.reader.textStatistics({ field: 't', text: 'x' }), 1, 0);
  const query: TextQuery = { scoring, using: 't', limit: 9, params: {}, projection: EVERYTHING };
  const [hit] = replica.reader.search(query);
  assert.deepEqual(hit?.payload && payloadFromBytes(hit.payload), POINTS[2]);
  assert.equal(replica.reader.explain({ query }).search?.method, 'lists');
});

test('the text of a query becomes terms as the index has them', async () => {
  const replica = await filled({ ...INDEX, stemmer: 'english', stopwords: ['the'] });
  replica.upsert([{ id: 9, vectors: {}, payload: payloadToBytes({ t: 'The Running cat' }) }]);
  assert.deepEqual(
    found(replica, 'the RUNS').map(([id]) => id),
    [9],
  );
  const { terms } = replica.reader.textStatistics({ field: 't', text: 'the cats run' });
  assert.deepEqual(terms, [
    { term: 'cat', frequency: 1 },
    { term: 'run', frequency: 1 },
  ]);
});

test('a field without a text index that ranks is refused', async () => {
  const replica = await filled();
  const refused = (field: string, message: RegExp) => {
    assert.throws(() => replica.reader.textStatistics({ field, text: 'a' }), {
      code: 'bad_request',
      message,
    });
    const scoring = scoringOf({ documents: 1, tokens: 1, terms: [] }, 1, 0);
    const query: TextQuery = { scoring, using: field, limit: 1, params: {}, projection: ID_ONLY };
    assert.throws(() => replica.reader.search(query), { code: 'bad_request', message });
  };
  refused('u', /text index on `u` does not score/);
  refused('v', /needs a text index with `scoring` on field `v`/);
});
