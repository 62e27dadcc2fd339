import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { naiveFeedbackScoring } from './relevance-feedback.ts';
import { similarityOf } from './similarity.ts';

const component = fc.integer({ min: -8, max: 8 }).map((x) => x / 4);
const vector = fc.tuple(component, component).map((values) => Float32Array.from(values));
const judged = fc.record({ vector, score: fc.integer({ min: -6, max: 6 }).map((x) => x / 3) });
const coefficient = fc.integer({ min: -8, max: 8 }).map((x) => x / 4);
const strategy = fc.record({ a: coefficient, b: coefficient.map(Math.abs), c: coefficient });

test('the weights of all items together count every pair by its confidence', () => {
  const similarity = similarityOf('Dot');
  const properties = [vector, vector, fc.array(judged, { maxLength: 5 }), strategy] as const;
  fc.assert(
    fc.property(...properties, (point, target, feedback, { a, b, c }) => {
      const { terms } = naiveFeedbackScoring(target, feedback, { a, b, c });
      const actual = terms.reduce((sum, { example, weight }) => {
        return sum + weight * similarity(example, point);
      }, 0);
      let expected = a * similarity(target, point);
      for (const better of feedback) {
        for (const worse of feedback) {
          const confidence = better.score - worse.score;
          if (confidence <= 0) continue;
          const gain = similarity(better.vector, point) - similarity(worse.vector, point);
          expected += c * confidence ** b * gain;
        }
      }
      assert.ok(Math.abs(actual - expected) < 1e-6 * (1 + Math.abs(expected)));
    }),
  );
});

test('a confidence whose power is beyond numbers is refused', () => {
  const items = [1e30, -1e30].map((score) => ({ vector: Float32Array.of(1), score }));
  assert.throws(() => naiveFeedbackScoring(Float32Array.of(1), items, { a: 1, b: 100, c: 1 }), {
    code: 'bad_request',
  });
});
