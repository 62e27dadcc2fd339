import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { TopK } from './top-k.ts';

const pairs = fc.array(
  fc.record({
    score: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.float({ noNaN: true })),
    offset: fc.nat(1000),
  }),
  { maxLength: 200, size: 'max' },
);

test('the best offers come out in the order of a sort, whatever the order of the offers', () => {
  fc.assert(
    fc.property(
      pairs,
      fc.nat(20),
      fc.option(fc.integer({ min: -5, max: 5 })),
      (offers, limit, bound) => {
        const top = new TopK(limit, bound ?? undefined);
        for (const { score, offset } of offers) {
          const mayCount = score > (bound ?? Number.NEGATIVE_INFINITY);
          if (mayCount && top.size < limit) assert.ok(score >= top.threshold);
          top.offer(score, offset);
        }
        const expected = offers
          .filter(({ score }) => bound === null || score > bound)
          .sort((a, b) => b.score - a.score || a.offset - b.offset)
          .slice(0, limit);
        const { offsets, scores } = top.drain();
        assert.deepEqual(
          [...offsets].map((offset, i) => ({ score: scores[i], offset })),
          expected.map(({ score, offset }) => ({ score: Math.fround(score), offset })),
        );
      },
    ),
  );
});

test('of equal scores those stay that the order given puts first', () => {
  const scored = fc.record({ score: fc.integer({ min: 0, max: 2 }), offset: fc.nat(1000) });
  const order = (a: number, b: number) => (a % 10) - (b % 10) || b - a;
  fc.assert(
    fc.property(fc.array(scored, { maxLength: 50 }), fc.nat(20), (offers, limit) => {
      const top = new TopK(limit, undefined, order);
      for (const { score, offset } of offers) top.offer(score, offset);
      const expected = offers
        .sort((a, b) => b.score - a.score || order(a.offset, b.offset))
        .slice(0, limit);
      assert.deepEqual(
        [...top.drain().offsets],
        expected.map(({ offset }) => offset),
      );
    }),
  );
});

test('a score that is not a number is the worst, and kept while there is room', () => {
  const top = new TopK(2);
  top.offer(Number.NaN, 1);
  top.offer(-1e30, 2);
  top.offer(5, 3);
  assert.deepEqual([...top.drain().offsets], [3, 2]);
});
