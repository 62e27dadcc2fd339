import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { ExampleScoring } from '../vector-index.ts';
import { examplesOf, planExamples, toDense } from './example-scoring.ts';

const vector = (value: number) => Float32Array.of(value);
const sigmoid = (x: number) => 0.5 * (x / (1 + Math.abs(x)) + 1);

/** The score of a point whose similarity to example `x` is `x` itself. */
function scoreOf(scoring: ExampleScoring): number {
  const { examples, score } = planExamples(scoring, toDense);
  const similarities = Float32Array.from(examples, (example) => example[0] ?? Number.NaN);
  return score(similarities, 1, 0);
}

function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is about ${expected}`);
}

const similarity = fc.integer({ min: -40, max: 40 }).map((x) => x / 8);
const similarities = fc.array(similarity, { maxLength: 5 });
const some = fc.array(similarity, { minLength: 1, maxLength: 5 });

test('bestScore is the better of the best positive and the best negative, by its sigmoid', () => {
  fc.assert(
    fc.property(some, similarities, (positives, negatives) => {
      const score = scoreOf({
        kind: 'bestScore',
        positives: positives.map(vector),
        negatives: negatives.map(vector),
      });
      const best = Math.max(...positives);
      const worst = Math.max(...negatives);
      assertNear(score, best > worst ? sigmoid(best) : -sigmoid(worst));
    }),
  );
});

test('with negatives only, bestScore is below 0 and falls with the nearest of them', () => {
  const negatives = [vector(0.5), vector(-2)];
  assertNear(scoreOf({ kind: 'bestScore', positives: [], negatives }), -sigmoid(0.5));
});

test('sumScores is the sum to the positives less that to the negatives', () => {
  fc.assert(
    fc.property(similarities, similarities, (positives, negatives) => {
      const score = scoreOf({
        kind: 'sumScores',
        positives: positives.map(vector),
        negatives: negatives.map(vector),
      });
      const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
      assertNear(score, sum(positives) - sum(negatives));
    }),
  );
});

test('weightedSum counts each similarity by its weight', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(similarity, similarity), { maxLength: 5 }), (terms) => {
      const score = scoreOf({
        kind: 'weightedSum',
        terms: terms.map(([value, weight]) => ({ example: vector(value), weight })),
      });
      assertNear(
        score,
        terms.reduce((sum, [value, weight]) => sum + value * weight, 0),
      );
    }),
  );
});

const pairs = fc.array(fc.tuple(similarity, similarity), { maxLength: 4 });
const contextOf = (context: [number, number][]) =>
  context.map(([positive, negative]) => ({
    positive: vector(positive),
    negative: vector(negative),
  }));

test('discover is how many pairs are won less lost, and the sigmoid of the similarity to the target', () => {
  fc.assert(
    fc.property(similarity, pairs, (target, context) => {
      const score = scoreOf({
        kind: 'discover',
        target: vector(target),
        context: contextOf(context),
      });
      const rank = context.reduce((sum, [p, n]) => sum + Math.sign(p - n), 0);
      assertNear(score, rank + sigmoid(target));
    }),
  );
});

test('context is 0 where every pair is won, and loses by how far each is not', () => {
  fc.assert(
    fc.property(pairs, (context) => {
      const score = scoreOf({ kind: 'context', context: contextOf(context) });
      let expected = 0;
      for (const [p, n] of context) {
        const loss = Math.min(p - n - 1.1920929e-7, 0);
        expected += loss / (1 + Math.abs(loss));
      }
      assertNear(score, expected);
      if (context.every(([p, n]) => p > n)) assert.equal(score, 0);
      // A pair that is a draw is not won.
      if (context.some(([p, n]) => p === n)) assert.ok(score < 0);
    }),
  );
});

test('infinite similarities give scores all the same', () => {
  const far = vector(Number.NEGATIVE_INFINITY);
  assert.equal(scoreOf({ kind: 'discover', target: far, context: [] }), 0);
  assert.equal(scoreOf({ kind: 'bestScore', positives: [far], negatives: [vector(0)] }), -0.5);
});

test('examples are listed whole', () => {
  const scoring: ExampleScoring = {
    kind: 'discover',
    target: vector(1),
    context: contextOf([[2, 3]]),
  };
  assert.deepEqual(examplesOf(scoring), [vector(1), vector(2), vector(3)]);
});
