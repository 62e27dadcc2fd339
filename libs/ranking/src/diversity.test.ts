import assert from 'node:assert/strict';
import test from 'node:test';
import { DISTANCES } from '@tributary/model';
import fc from 'fast-check';
import { maximalMarginalRelevance } from './diversity.ts';
import { similarityOf } from './similarity.ts';

const vector = fc
  .array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 })
  .map((values) => Float32Array.from(values));

test('each pick is the best of the rest by (1 - diversity) * relevance - diversity * nearest picked', () => {
  fc.assert(
    fc.property(
      vector,
      fc.array(vector, { maxLength: 9 }),
      fc.constantFrom(0, 0.25, 0.5, 1),
      fc.integer({ min: 0, max: 10 }),
      fc.constantFrom(...DISTANCES),
      (query, vectors, diversity, limit, distance) => {
        const similarity = similarityOf(distance);
        const candidates = vectors.map((value, id) => ({ id, vector: value }));
        const picked = maximalMarginalRelevance(candidates, {
          query,
          diversity,
          limit,
          similarity,
        });
        assert.equal(picked.length, Math.min(limit, candidates.length));
        const rest = [...candidates];
        for (const [i, pick] of picked.entries()) {
          const score = (candidate: { vector: Float32Array }) => {
            if (i === 0) return 0;
            const near = picked
              .slice(0, i)
              .map((other) => similarity(candidate.vector, other.vector));
            return (
              (1 - diversity) * similarity(query, candidate.vector) - diversity * Math.max(...near)
            );
          };
          const best = Math.max(...rest.map(score));
          assert.equal(pick.id, rest.find((candidate) => score(candidate) === best)?.id);
          rest.splice(
            rest.findIndex(({ id }) => id === pick.id),
            1,
          );
        }
      },
    ),
  );
});

test('sparse vectors compare by the dot product of common terms, rows by the sum of their best matches', () => {
  const sparse = (pairs: Record<number, number>) => ({
    indices: Uint32Array.from(Object.keys(pairs).map(Number)),
    values: Float32Array.from(Object.values(pairs)),
  });
  const dot = similarityOf('Dot');
  assert.equal(dot(sparse({ 1: 2, 5: 3, 9: 1 }), sparse({ 0: 7, 5: 2, 9: 4 })), 10);
  const rows = (...values: number[]) => ({ size: 2, rows: Float32Array.from(values) });
  assert.equal(dot(rows(1, 0, 0, 2), rows(3, 1, -1, 4)), 3 + 8);
  assert.equal(similarityOf('Euclid')(rows(1, 0), rows(1, 2, 4, 4)), -4);
  assert.equal(similarityOf('Manhattan')(rows(1, 0), rows(1, 2, 4, 4)), -2);
});

test('bytes with Cosine compare by their angle, as they have no length 1', () => {
  const angle = similarityOf('Cosine', 'uint8');
  assert.equal(angle(Float32Array.of(3, 4), Float32Array.of(6, 8)), 1);
  assert.equal(angle(Float32Array.of(5, 0), Float32Array.of(0, 9)), 0);
  assert.equal(angle(Float32Array.of(0, 0), Float32Array.of(1, 9)), 0);
  const rows = (...values: number[]) => ({ size: 2, rows: Float32Array.from(values) });
  assert.equal(angle(rows(3, 4, 9, 0), rows(6, 8, 2, 0)), 2);
  assert.equal(similarityOf('Dot', 'uint8')(Float32Array.of(3, 4), Float32Array.of(1, 2)), 11);
});
