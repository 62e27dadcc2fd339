import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { mapSteps, sortSteps, visitSteps } from './list-steps.ts';
import { atOnce, endInSlices, nextSlice, type Steps } from './slices.ts';
import { turnsDuring } from './testing/turns.ts';

function stepsOf<T>(steps: Steps<T>): number {
  let count = 0;
  while (!steps.next().done) count++;
  return count;
}

interface Item {
  readonly key: number;
  readonly at: number;
}

const byKey = (a: Item, b: Item) => a.key - b.key;
const items = (keys: readonly number[]): Item[] => keys.map((key, at) => ({ key, at }));

test('sorting in steps is sorting, and equal items keep their order', () => {
  // Runs that are sorted already, as of several shards, between others.
  const run = fc.array(fc.nat(500), { maxLength: 2_500 }).chain((keys) => {
    return fc.constantFrom(
      keys,
      keys.toSorted((a, b) => a - b),
    );
  });
  fc.assert(
    fc.property(fc.array(run, { maxLength: 4 }), (runs) => {
      const given = items(runs.flat());
      const expected = given.toSorted(byKey);
      assert.deepEqual(atOnce(sortSteps([...given], byKey)), expected);
    }),
    { numRuns: 50 },
  );
});

test('a long list is worked on in steps, a short one in one', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 20_000);
  assert.ok(stepsOf(sortSteps(items(many), byKey)) > 20);
  assert.equal(stepsOf(sortSteps(items(many.slice(0, 1_000)), byKey)), 0);
  assert.equal(stepsOf(visitSteps(many, 1_000, () => undefined)), 20);
  assert.equal(stepsOf(visitSteps([1, 2, 3], 1_000, () => undefined)), 0);
  assert.deepEqual(
    atOnce(mapSteps(many, 1_000, (key, i) => key + i)),
    many.map((key, i) => key + i),
  );
});

test('others have their turns while a very long list is sorted', async () => {
  await nextSlice();
  const many = items(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 300_007));
  const { result: sorted, turns } = await turnsDuring(() => endInSlices(sortSteps(many, byKey)));
  assert.ok(turns > 5, `${turns} turns`);
  assert.ok(sorted.every(({ key }, i) => i === 0 || (sorted[i - 1]?.key ?? 0) <= key));
});
