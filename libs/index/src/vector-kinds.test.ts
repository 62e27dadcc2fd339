import assert from 'node:assert/strict';
import test from 'node:test';
import {
  DISTANCES,
  type Distance,
  type MultiVector,
  pointOffset,
  type SparseVector,
  type VectorValue,
} from '@tributary/model';
import { type Random, seededRandom } from '@tributary/runtime';
import fc from 'fast-check';
import {
  noBuilder,
  offsetSet,
  openIndex,
  searchFor,
  temporaryFolder,
} from './index.test-support.ts';
import { MemoryVectorIndex } from './memory.ts';
import { MultiVectorIndex } from './rows/multi-vector-index.ts';
import { SparseIndex } from './rows/sparse-index.ts';
import type { AnyVectorIndex, ExampleScoring, VectorKind } from './vector-index.ts';

const SIZE = 6;
const TERMS = 40;
const OFFSETS = 300;

/** Multiples of a quarter: all sums are exact in float32, so the answers must be equal to the bit. */
function values(random: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => (random.integer(17) - 8) / 4);
}

function draw(random: Random, kind: VectorKind): VectorValue {
  if (kind === 'dense') return values(random, SIZE);
  if (kind === 'multi') {
    return { size: SIZE, rows: values(random, SIZE * (1 + random.integer(4))) };
  }
  const indices = Uint32Array.from(
    Array.from({ length: TERMS }, (_, i) => i * 1_000_003).filter(() => random.next() < 0.1),
  );
  return { indices, values: values(random, indices.length) };
}

function drawScoring(random: Random, kind: VectorKind): ExampleScoring {
  const many = (max: number) =>
    Array.from({ length: random.integer(max + 1) }, () => draw(random, kind));
  const context = Array.from({ length: 1 + random.integer(3) }, () => ({
    positive: draw(random, kind),
    negative: draw(random, kind),
  }));
  const weighted = () => ({ example: draw(random, kind), weight: (random.integer(9) - 4) / 2 });
  switch (random.integer(5)) {
    case 0:
      return { kind: 'bestScore', positives: [draw(random, kind), ...many(2)], negatives: many(3) };
    case 1:
      return { kind: 'sumScores', positives: many(2), negatives: [draw(random, kind), ...many(2)] };
    case 2:
      return { kind: 'discover', target: draw(random, kind), context };
    case 3:
      return { kind: 'weightedSum', terms: Array.from({ length: random.integer(4) }, weighted) };
    default:
      return { kind: 'context', context };
  }
}

/** Adds, removes and overwrites alike in both indexes. */
function churn(
  random: Random,
  kind: VectorKind,
  steps: number,
  indexes: readonly [AnyVectorIndex, AnyVectorIndex],
): void {
  for (let i = 0; i < steps; i++) {
    const offset = pointOffset(random.integer(OFFSETS));
    const vector = draw(random, kind);
    const adds = random.next() < 0.7;
    for (const index of indexes) {
      index.remove(offset);
      if (adds) index.add(offset, vector);
    }
  }
}

function assertSameAnswers(
  random: Random,
  kind: VectorKind,
  [index, reference]: readonly [AnyVectorIndex, AnyVectorIndex],
): void {
  const share = [0.02, 0.5, 1][random.integer(3)] ?? 1;
  const offsets = Array.from({ length: OFFSETS }, (_, i) => i).filter(() => random.next() < share);
  const search = searchFor({
    exact: true,
    limit: 1 + random.integer(40),
    ...(random.next() < 0.5 && { accept: offsetSet(offsets, OFFSETS) }),
    ...(random.next() < 0.5 && { scoreThreshold: random.integer(9) / 4 - 1 }),
  });
  const query = draw(random, kind);
  assert.deepEqual(index.search(query, search), reference.search(query, search));
  const scoring = drawScoring(random, kind);
  assert.deepEqual(
    index.searchByExamples(scoring, search),
    reference.searchByExamples(scoring, search),
  );
  assert.equal(index.stats().vectors, reference.stats().vectors);
  for (let i = 0; i < OFFSETS; i += 7) {
    const offset = pointOffset(i);
    assert.equal(index.has(offset), reference.has(offset));
    assert.deepEqual(index.get(offset), reference.get(offset));
  }
}

function assertKind(
  kind: VectorKind,
  distance: Distance,
  open: () => AnyVectorIndex,
  numRuns = 12,
): void {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = seededRandom(seed);
      const reference: AnyVectorIndex = new MemoryVectorIndex<VectorValue>(distance, kind);
      const indexes = [open(), reference] as const;
      for (let round = 0; round < 4; round++) {
        churn(random, kind, random.integer(500), indexes);
        for (let i = 0; i < 4; i++) assertSameAnswers(random, kind, indexes);
      }
    }),
    { numRuns },
  );
}

for (const distance of DISTANCES) {
  test(`dense, ${distance}: every scoring, filter and threshold gives what sorting all gives`, async () => {
    await using folder = await temporaryFolder();
    const opened: AsyncDisposable[] = [];
    const options = { size: SIZE, distance, folder: folder.path, builder: noBuilder };
    for (let seed = 0; seed < 6; seed++) {
      const index = await openIndex(options);
      opened.push(index);
      const random = seededRandom(seed);
      const reference = new MemoryVectorIndex(distance);
      const indexes: readonly [AnyVectorIndex, AnyVectorIndex] = [index, reference];
      for (let round = 0; round < 3; round++) {
        churn(random, 'dense', 400, indexes);
        for (let i = 0; i < 8; i++) assertSameAnswers(random, 'dense', indexes);
      }
    }
    for (const index of opened) await index[Symbol.asyncDispose]();
  });

  test(`multi, ${distance}: after any churn, answers are those of sorting all`, () => {
    for (const blockBytesMax of [2 ** 30, 32 * 64]) {
      const open = () => new MultiVectorIndex({ size: SIZE, distance, blockBytesMax });
      assertKind('multi', distance, open, 6);
    }
  });
}

test('sparse: after any churn, answers are those of sorting all', () => {
  assertKind('sparse', 'Dot', () => new SparseIndex(), 40);
});

test('a multi vector query may be dense: one row', () => {
  const index = new MultiVectorIndex({ size: 2, distance: 'Euclid' });
  index.add(pointOffset(0), { size: 2, rows: Float32Array.of(0, 0, 3, 4) });
  const near = index.search(Float32Array.of(3, 3), searchFor({}));
  assert.deepEqual([...near.scores], [1]);
  // The root of the summed squares: 9 for the first row to (0, 0), 16 for the second to (3, 4).
  const rows = Float32Array.of(-3, 0, 3, 8);
  assert.deepEqual([...index.search({ size: 2, rows }, searchFor({})).scores], [5]);
});

test('a sparse point that shares no index with the query is no answer, one that cancels out is', () => {
  const index = new SparseIndex();
  index.add(pointOffset(0), sparse([1, 2], [1, 1]));
  index.add(pointOffset(1), sparse([3], [5]));
  const { offsets, scores } = index.search(sparse([1, 2], [1, -1]), searchFor({}));
  assert.deepEqual([...offsets], [0]);
  assert.deepEqual([...scores], [0]);
});

test('a sparse score has the same bits whether lists or the points of a small filter are read', () => {
  const random = seededRandom(11);
  const index = new SparseIndex();
  const draws = (count: number) => {
    const indices = Array.from({ length: 60 }, (_, i) => i).filter(
      () => random.next() < count / 60,
    );
    return sparse(
      indices,
      indices.map(() => random.next() - 0.5),
    );
  };
  for (let i = 0; i < 9_000; i++) index.add(pointOffset(i), draws(20));
  const query = draws(30);
  const scoring = { kind: 'sumScores', positives: [query], negatives: [draws(20)] } as const;
  const chosen = [3, 17, 8_190, 8_192, 8_999];
  const accept = offsetSet(chosen, 9_000);
  const all = searchFor({ limit: 9_000 });
  for (const search of [
    (options: typeof all) => index.search(query, options),
    (options: typeof all) => index.searchByExamples(scoring, options),
  ]) {
    const whole = search(all);
    const scoreOf = new Map([...whole.offsets].map((offset, i) => [offset, whole.scores[i]]));
    const few = search({ ...all, accept });
    few.offsets.forEach((offset, i) => {
      assert.equal(few.scores[i], scoreOf.get(offset));
    });
    assert.deepEqual([...few.offsets.sort()], chosen);
  }
});

test('term frequencies count live points, within a set where one is given', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = seededRandom(seed);
      const index = new SparseIndex();
      const reference = new MemoryVectorIndex<VectorValue>('Dot', 'sparse');
      churn(random, 'sparse', random.integer(1_500), [index, reference]);
      const offsets = Array.from({ length: OFFSETS }, (_, i) => i);
      const accepted = offsets.filter(() => random.next() < 0.4);
      const indices = Uint32Array.from({ length: TERMS + 1 }, (_, i) => i * 1_000_003);
      const expected = (within: number[]) => {
        const vectors = within.map((offset) => reference.get(pointOffset(offset)));
        const has = (term: number) => (vector: VectorValue | undefined) =>
          vector !== undefined && 'indices' in vector && vector.indices.includes(term);
        const frequencies = [...indices].map((term) => vectors.filter(has(term)).length);
        return { frequencies, count: vectors.filter((vector) => vector !== undefined).length };
      };
      const set = offsetSet(accepted, OFFSETS);
      assert.deepEqual(
        { frequencies: index.termFrequencies(indices), count: index.count() },
        expected(offsets),
      );
      assert.deepEqual(
        { frequencies: index.termFrequencies(indices, set), count: index.count(set) },
        expected(accepted),
      );
    }),
    { numRuns: 20 },
  );
});

test('overwriting the same sparse and multi vectors again and again takes no more memory', () => {
  const random = seededRandom(4);
  for (const [kind, index] of [
    ['sparse', new SparseIndex()],
    ['multi', new MultiVectorIndex({ size: SIZE, distance: 'Dot' })],
  ] as const) {
    const overwriteAll = () => {
      for (let i = 0; i < OFFSETS; i++) {
        index.remove(pointOffset(i));
        index.add(pointOffset(i), draw(random, kind));
      }
    };
    for (let round = 0; round < 5; round++) overwriteAll();
    const bytes = index.stats().memoryBytes;
    for (let round = 0; round < 40; round++) overwriteAll();
    assert.ok(index.stats().memoryBytes <= 1.6 * bytes, kind);
    for (let i = 0; i < OFFSETS; i++) index.remove(pointOffset(i));
    assert.equal(index.stats().vectors, 0);
    assert.equal(index.search(draw(random, kind), searchFor({})).offsets.length, 0);
  }
});

test('a vector of another kind, of another size, not finite or out of order is refused', async () => {
  await using folder = await temporaryFolder();
  await using dense = await openIndex({ size: 2, folder: folder.path, builder: noBuilder });
  const multi = new MultiVectorIndex({ size: 2, distance: 'Dot' });
  const sparseIndex = new SparseIndex();
  const refused = (index: AnyVectorIndex, vector: VectorValue) => {
    const wrong = { code: 'wrong_input' };
    assert.throws(() => index.search(vector, searchFor({})), wrong);
    const scoring = { kind: 'bestScore', positives: [vector], negatives: [] } as const;
    assert.throws(() => index.searchByExamples(scoring, searchFor({})), wrong);
    if (index !== dense) assert.throws(() => index.add(pointOffset(0), vector), wrong);
  };
  const rows = (size: number, ...row: number[]): MultiVector => ({
    size,
    rows: Float32Array.from(row),
  });
  const anyDense: AnyVectorIndex = dense;
  assert.throws(
    () =>
      anyDense.searchByExamples(
        { kind: 'discover', target: sparse([1], [1]), context: [] },
        searchFor({}),
      ),
    /Conversion between sparse and regular vectors failed/,
  );
  refused(sparseIndex, Float32Array.of(1));
  refused(sparseIndex, rows(1, 1));
  refused(sparseIndex, sparse([2, 1], [1, 1]));
  refused(sparseIndex, sparse([1, 1], [1, 1]));
  refused(sparseIndex, sparse([1], [Number.NaN]));
  refused(sparseIndex, sparse([1, 2], [1]));
  refused(multi, sparse([1], [1]));
  refused(multi, rows(2));
  refused(multi, rows(3, 1, 2, 3));
  refused(multi, rows(2, 1, Number.POSITIVE_INFINITY));
  refused(multi, Float32Array.of(1));
});

function sparse(indices: number[], vectorValues: number[]): SparseVector {
  return { indices: Uint32Array.from(indices), values: Float32Array.from(vectorValues) };
}
