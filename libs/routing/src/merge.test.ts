import assert from 'node:assert/strict';
import test from 'node:test';
import {
  comparePointIds,
  DISTANCES,
  higherIsBetter,
  type PointId,
  sequence,
} from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import fc from 'fast-check';
import { mergeOrderedSteps, mergeScoredSteps, mergeScrollSteps } from './merge.ts';

const points = fc.array(
  fc.record({
    id: fc.nat(30) as fc.Arbitrary<PointId>,
    version: fc.integer({ min: 1, max: 5 }).map(sequence),
    score: fc.float({ min: -1, max: 1, noNaN: true }),
  }),
);
type Scored = { id: PointId; version: ReturnType<typeof sequence>; score: number };

/** One list as a shard answers: each id once. */
function distinct(list: Scored[]): Scored[] {
  return [...new Map(list.map((point) => [point.id, point])).values()];
}

function newestById(lists: Scored[][]): Scored[] {
  const newest = new Map<PointId, Scored>();
  for (const point of lists.flat()) {
    if ((newest.get(point.id)?.version ?? 0) < point.version) newest.set(point.id, point);
  }
  return [...newest.values()];
}

test('the merge of sorted lists is the top of all points, each id once at its newest version', () => {
  fc.assert(
    fc.property(
      fc.array(points, { minLength: 1, maxLength: 5 }),
      fc.nat(20),
      fc.constantFrom(...DISTANCES),
      (raw, limit, distance) => {
        const sign = higherIsBetter(distance) ? -1 : 1;
        const better = (a: Scored, b: Scored) =>
          sign * (a.score - b.score) || comparePointIds(a.id, b.id);
        const lists = raw.map((list) => distinct(list).sort(better));
        const expected = newestById(lists).sort(better).slice(0, limit);
        assert.deepEqual(atOnce(mergeScoredSteps(lists, limit, distance)), expected);
      },
    ),
  );
});

test('a scroll merge is the first ids of all lists, each id once at its newest version', () => {
  fc.assert(
    fc.property(fc.array(points, { minLength: 1, maxLength: 5 }), fc.nat(20), (raw, limit) => {
      const byId = (a: Scored, b: Scored) => comparePointIds(a.id, b.id);
      const lists = raw.map((list) => distinct(list).sort(byId));
      assert.deepEqual(
        atOnce(mergeScrollSteps(lists, limit)),
        newestById(lists).sort(byId).slice(0, limit),
      );
    }),
  );
});

test('an ordered merge is the first values of all lists, a point once a value, at its newest version only', () => {
  const record = fc.record({
    id: fc.nat(8) as fc.Arbitrary<PointId>,
    orderValue: fc.integer({ min: -2, max: 2 }),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(record), { minLength: 1, maxLength: 4 }),
      fc.nat(20),
      fc.constantFrom('asc', 'desc'),
      (raw, limit, direction) => {
        const sign = direction === 'asc' ? 1 : -1;
        // A later list is of a newer version; a shard says each value of a point once.
        const lists = raw.map((list, i) => {
          const places = new Map(list.map((point) => [`${point.id}/${point.orderValue}`, point]));
          return [...places.values()].map((point) => ({ ...point, version: sequence(i + 1) }));
        });
        const all = lists.flat();
        const newest = (id: PointId) =>
          Math.max(...all.filter((point) => point.id === id).map(({ version }) => version));
        const expected = all
          .filter(({ id, version }) => version === newest(id))
          .sort((a, b) => sign * (a.orderValue - b.orderValue) || comparePointIds(a.id, b.id))
          .slice(0, limit);
        assert.deepEqual(atOnce(mergeOrderedSteps(lists, limit, direction)), expected);
      },
    ),
  );
});
