// Searches over every kind of vector by every scoring, against the points themselves.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type AnyVectorIndex, MultiVectorIndex, SparseIndex } from '@tributary/index';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  type Filter,
  ID_ONLY,
  type MultiVector,
  type NamedVectors,
  type PointId,
  payloadToBytes,
  type Scoring,
  type SparseVector,
  type VectorValue,
} from '@tributary/model';
import { EVERYTHING, nearest, ReplicaForTests, SIZES } from './replica.test-support.ts';

const CONFIG: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: {
    '': { size: 2, distance: 'Euclid' },
    late: { size: 2, distance: 'Dot', multivector: { comparator: 'max_sim' } },
  },
  sparseVectors: { words: { modifier: 'idf' } },
};

const ODD: Filter = { must: [{ kind: 'match', key: 'odd', value: true }] };

function open(): Promise<ReplicaForTests> {
  const indexes = new Map<string, AnyVectorIndex>([
    ['', new MemoryVectorIndex('Euclid')],
    ['late', new MultiVectorIndex({ size: 2, distance: 'Dot' })],
    ['words', new SparseIndex()],
  ]);
  return ReplicaForTests.open(SIZES, indexes, CONFIG);
}

function upsert(replica: ReplicaForTests, id: number, vectors: NamedVectors): void {
  replica.upsert([{ id, vectors, payload: payloadToBytes({ odd: id % 2 === 1 }) }]);
}

async function filled(): Promise<ReplicaForTests> {
  const replica = await open();
  for (let id = 0; id < 8; id++) {
    upsert(replica, id, {
      '': Float32Array.of(id, 0),
      late: rows([id, 0], [0, 8 - id]),
      ...(id < 6 && { words: sparse([id, 10], [1, id]) }),
    });
  }
  return replica;
}

const ids = (hits: readonly { id: PointId }[]) => hits.map(({ id }) => id);
const scores = (hits: readonly { score: number }[]) => hits.map(({ score }) => score);

test('a sparse query finds the points that share an index with it', async () => {
  const { reader } = await filled();
  const vector = sparse([2, 10], [100, 1]);
  const query = nearest({ using: 'words', vector, limit: 3 });
  const hits = reader.search(query);
  assert.deepEqual(ids(hits), [2, 5, 4]);
  assert.deepEqual(scores(hits), [102, 5, 4]);
  assert.deepEqual(ids(reader.search({ ...query, filter: ODD })), [5, 3, 1]);
  assert.deepEqual(ids(reader.search({ ...query, scoreThreshold: 5 })), [2]);
});

test('a multi vector query sums the largest product of each of its rows', async () => {
  const { reader } = await filled();
  const hits = reader.search(nearest({ using: 'late', vector: rows([1, 0], [0, 2]), limit: 2 }));
  assert.deepEqual(ids(hits), [0, 1]);
  assert.deepEqual(scores(hits), [16, 15]);
  const one = reader.search(nearest({ using: 'late', vector: Float32Array.of(1, 0), limit: 1 }));
  assert.deepEqual(scores(one), [7]);
});

test('scorings by examples are best first with the larger score, for every distance', async () => {
  const { reader } = await filled();
  const at = (x: number) => Float32Array.of(x, 0);
  const found = (scoring: Scoring, filter?: Filter) =>
    reader.search({ ...nearest({ limit: 3 }), scoring, ...(filter && { filter }) });
  const best = found({ kind: 'bestScore', positives: [at(3)], negatives: [at(2)] });
  assert.deepEqual(ids(best), [3, 4, 5]);
  assert.deepEqual(best[0]?.score, 0.5);
  const sums: Scoring = { kind: 'sumScores', positives: [at(7)], negatives: [at(0)] };
  assert.deepEqual(scores(found(sums)), [49, 35, 21]);
  assert.deepEqual(ids(found(sums, ODD)), [7, 5, 3]);
  const context = [{ positive: at(6), negative: at(0) }];
  assert.deepEqual(ids(found({ kind: 'discover', target: at(0), context })), [4, 5, 6]);
  assert.deepEqual(scores(found({ kind: 'context', context })), [0, 0, 0]);
});

test('sparse examples score points that share nothing with them too', async () => {
  const { reader } = await filled();
  const scoring: Scoring = {
    kind: 'sumScores',
    positives: [],
    negatives: [sparse([5, 99], [1, 1])],
  };
  const hits = reader.search({ ...nearest({ using: 'words' }), scoring });
  assert.deepEqual(ids(hits), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(scores(hits), [0, 0, 0, 0, 0, -1]);
});

test('every kind of vector comes back as it was written, in memory of its own', async () => {
  const replica = await filled();
  const [record] = replica.reader.retrieve([3], EVERYTHING);
  const expected = {
    '': Float32Array.of(3, 0),
    late: rows([3, 0], [0, 5]),
    words: sparse([3, 10], [1, 3]),
  };
  assert.deepEqual(record?.vectors, expected);
  upsert(replica, 3, { '': Float32Array.of(9, 9) });
  assert.deepEqual(record?.vectors, expected);
  const [overwritten] = replica.reader.retrieve([3], EVERYTHING);
  assert.deepEqual(overwritten?.vectors, { '': Float32Array.of(9, 9) });
  const gone = replica.reader.search(nearest({ using: 'words', vector: sparse([3], [1]) }));
  assert.deepEqual(gone, []);
});

test('term statistics count the points of a filter', async () => {
  const replica = await filled();
  const indices = Uint32Array.of(10, 1, 77);
  const ask = { using: 'words', indices };
  assert.deepEqual(replica.reader.termStatistics(ask), { points: 6, frequencies: [6, 1, 0] });
  assert.deepEqual(replica.reader.termStatistics({ ...ask, filter: ODD }), {
    points: 3,
    frequencies: [3, 1, 0],
  });
  replica.delete([1]);
  assert.deepEqual(replica.reader.termStatistics(ask), { points: 5, frequencies: [5, 0, 0] });
  const wrong = { code: 'wrong_input' };
  assert.throws(() => replica.reader.termStatistics({ ...ask, using: '' }), wrong);
  assert.throws(() => replica.reader.termStatistics({ ...ask, using: 'foo' }), {
    ...wrong,
    message: 'Not existing vector name error: foo',
  });
});

test('a vector of another kind or dimension than its name is wrong input, as query or example', async () => {
  const { reader } = await filled();
  const wrong = (using: string, vector: VectorValue, message: string) => {
    const examples: Scoring = {
      kind: 'discover',
      target: vector,
      context: [{ positive: vector, negative: vector }],
    };
    for (const scoring of [{ kind: 'nearest', vector } as const, examples]) {
      const query = { ...nearest({ using, projection: ID_ONLY }), scoring };
      assert.throws(() => reader.search(query), { code: 'wrong_input', message });
    }
  };
  const dense = Float32Array.of(1, 2);
  wrong('', sparse([1], [1]), 'Conversion between sparse and regular vectors failed');
  wrong('', rows([1, 2]), 'Conversion between multi and regular vectors failed');
  wrong('words', dense, 'Conversion between regular and sparse vectors failed');
  wrong('late', sparse([1], [1]), 'Conversion between sparse and multi vectors failed');
  wrong('late', rows([1, 2, 3]), 'Vector dimension error: expected dim: 2, got 3');
  wrong('', Float32Array.of(1), 'Vector dimension error: expected dim: 2, got 1');
  wrong('none', dense, 'Not existing vector name error: none');
});

function rows(...each: number[][]): MultiVector {
  return { size: each[0]?.length ?? 0, rows: Float32Array.from(each.flat()) };
}

function sparse(indices: number[], values: number[]): SparseVector {
  return { indices: Uint32Array.from(indices), values: Float32Array.from(values) };
}
