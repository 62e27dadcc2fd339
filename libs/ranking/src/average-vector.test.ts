import assert from 'node:assert/strict';
import test from 'node:test';
import { isDense, isSparse, type SparseVector } from '@tributary/model';
import fc from 'fast-check';
import { averageRecommendVector } from './average-vector.ts';

const SIZE = 4;
const dense = fc
  .array(fc.integer({ min: -9, max: 9 }), { minLength: SIZE, maxLength: SIZE })
  .map((values) => Float32Array.from(values));

const mean = (vectors: readonly Float32Array[], i: number) =>
  vectors.reduce((sum, vector) => sum + (vector[i] ?? 0), 0) / vectors.length;

function sparseOf(vector: Float32Array): SparseVector {
  const entries = [...vector].map((value, i) => [i * 3, value] as const);
  const present = entries.filter(([, value]) => value !== 0);
  return {
    indices: Uint32Array.from(present.map(([index]) => index)),
    values: Float32Array.from(present.map(([, value]) => value)),
  };
}

test('dense and sparse examples average to mean + mean - mean of the negatives, alike', () => {
  fc.assert(
    fc.property(
      fc.array(dense, { minLength: 1, maxLength: 4 }),
      fc.array(dense, { maxLength: 3 }),
      (positives, negatives) => {
        const average = averageRecommendVector(positives, negatives);
        assert.ok(isDense(average));
        const sparse = averageRecommendVector(positives.map(sparseOf), negatives.map(sparseOf));
        assert.ok(isSparse(sparse));
        const terms = new Map(
          [...sparse.indices].map((index, k) => [index, sparse.values[k] ?? 0]),
        );
        assert.deepEqual(
          [...sparse.indices],
          [...terms.keys()].sort((a, b) => a - b),
        );
        for (let i = 0; i < SIZE; i++) {
          const liked = mean(positives, i);
          const want = negatives.length === 0 ? liked : 2 * liked - mean(negatives, i);
          assert.ok(Math.abs((average[i] ?? 0) - want) < 1e-4);
          assert.ok(Math.abs((terms.get(i * 3) ?? 0) - want) < 1e-4);
        }
      },
    ),
  );
});

test('several rows are joined, those of the negatives negated', () => {
  const rows = (...values: number[]) => ({ size: 2, rows: Float32Array.from(values) });
  const joined = averageRecommendVector([rows(1, 2), rows(3, 4, 5, 6)], [rows(7, -8)]);
  assert.deepEqual(joined, rows(1, 2, 3, 4, 5, 6, -7, 8));
});

test('examples of different kinds or sizes, or none at all, are refused', () => {
  const four = new Float32Array(4);
  const sparse = { indices: Uint32Array.of(1), values: Float32Array.of(1) };
  for (const [positives, negatives] of [
    [[], [four]],
    [[four], [new Float32Array(3)]],
    [[four, sparse], []],
  ]) {
    assert.throws(() => averageRecommendVector(positives ?? [], negatives ?? []), {
      code: 'bad_request',
    });
  }
});
