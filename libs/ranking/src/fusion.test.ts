import assert from 'node:assert/strict';
import test from 'node:test';
import { atOnce } from '@tributary/runtime';
import fc from 'fast-check';
import { distributionBasedScoreFusionSteps, reciprocalRankFusionSteps } from './fusion.ts';
import { compareRanked, type Ranked } from './ranked.ts';

const lists = fc.array(
  fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 8 }).chain((ids) =>
    fc
      .array(fc.float({ min: -4, max: 4, noNaN: true }), {
        minLength: ids.length,
        maxLength: ids.length,
      })
      .map((scores) => ids.map((id, i): Ranked => ({ id, score: scores[i] ?? 0 }))),
  ),
  { maxLength: 4 },
);

function assertAlike(actual: readonly Ranked[], expected: ReadonlyMap<number, number>): void {
  assert.deepEqual(actual, [...actual].sort(compareRanked), 'best first');
  assert.deepEqual(
    new Set(actual.map(({ id }) => id)),
    new Set(expected.keys()),
    'every point of every list, once',
  );
  assert.equal(actual.length, expected.size);
  for (const { id, score } of actual) {
    const want = expected.get(Number(id)) ?? Number.NaN;
    assert.ok(Math.abs(score - want) <= 1e-5 * Math.max(1, Math.abs(want)), `${score} is ${want}`);
  }
}

test('reciprocal rank fusion adds 1 / ((position + 1) / weight + k - 1) over the lists', () => {
  fc.assert(
    fc.property(
      lists,
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.constantFrom(0, 0.5, 1, 3), { minLength: 4, maxLength: 4 }),
      (ranked, k, weights) => {
        const used = weights.slice(0, ranked.length);
        const ids = new Set(ranked.flat().map(({ id }) => Number(id)));
        const expected = new Map(
          [...ids].map((id) => [
            id,
            ranked.reduce((sum, list, i) => {
              const position = list.findIndex((item) => item.id === id);
              const weight = used[i] ?? 1;
              if (position < 0 || weight === 0) return sum;
              return sum + 1 / ((position + 1) / weight + k - 1);
            }, 0),
          ]),
        );
        assertAlike(atOnce(reciprocalRankFusionSteps(ranked, { k, weights: used })), expected);
      },
    ),
  );
});

test('the default of k = 2 gives 1 / (position + 2)', () => {
  const list = [
    { id: 7, score: 9 },
    { id: 3, score: 1 },
  ];
  const fused = atOnce(reciprocalRankFusionSteps([list], { k: 2 }));
  assert.deepEqual(fused, [
    { id: 7, score: 0.5 },
    { id: 3, score: Math.fround(1 / 3) },
  ]);
});

test('as many weights as lists are asked for', () => {
  assert.throws(() => atOnce(reciprocalRankFusionSteps([[], []], { k: 2, weights: [1] })), {
    code: 'bad_request',
  });
});

test('distribution-based fusion adds what each list makes of a score between mean - 3 and mean + 3 deviations', () => {
  fc.assert(
    fc.property(lists, (ranked) => {
      const expected = new Map<number, number>();
      for (const list of ranked) {
        const scores = list.map(({ score }) => score);
        const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
        const variance =
          scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (scores.length - 1);
        const low = mean - 3 * Math.sqrt(variance);
        const high = mean + 3 * Math.sqrt(variance);
        for (const { id, score } of list) {
          const part = scores.length === 1 || high === low ? 0.5 : (score - low) / (high - low);
          expected.set(Number(id), (expected.get(Number(id)) ?? 0) + part);
        }
      }
      // Where the deviation is rounding noise, both sides divide noise by noise.
      const isNoise = (list: readonly Ranked[]) => {
        const scores = list.map(({ score }) => score);
        const spread = Math.max(...scores) - Math.min(...scores);
        return list.length > 1 && spread > 0 && spread < 1e-3;
      };
      fc.pre(!ranked.some(isNoise));
      assertAlike(atOnce(distributionBasedScoreFusionSteps(ranked)), expected);
    }),
  );
});

test('equal scores and single points stand in the middle of the distribution', () => {
  const equal = [
    { id: 1, score: 0.3 },
    { id: 2, score: 0.3 },
  ];
  const fused = atOnce(distributionBasedScoreFusionSteps([equal, [{ id: 2, score: 99 }], []]));
  assert.deepEqual(fused, [
    { id: 2, score: 1 },
    { id: 1, score: 0.5 },
  ]);
});
