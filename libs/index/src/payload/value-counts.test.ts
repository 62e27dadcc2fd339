import assert from 'node:assert/strict';
import test from 'node:test';
import { compileRange, type JsonValue, valuesCountOf } from '@tributary/model';
import fc from 'fast-check';
import { OffsetBits, offsetsOf } from '../offset-bits.ts';
import { ValueCounts } from './value-counts.ts';

const values = fc.array(
  fc.oneof(fc.constantFrom<JsonValue>(1, 'a', null), fc.array(fc.constant(0), { maxLength: 3 })),
  { maxLength: 3 },
);
const steps = fc.array(fc.record({ offset: fc.nat(40), values, isRemoved: fc.boolean() }));
const bound = fc.option(fc.nat(3), { nil: undefined });
const ranges = fc.record({ gte: fc.nat(2), lt: bound }).map(({ gte, lt }) => {
  return lt === undefined ? { gte } : { gte, lt };
});

test('counts within a range are those that a look at every value finds, and estimated within bounds', () => {
  fc.assert(
    fc.property(steps, ranges, (history, range) => {
      const counts = new ValueCounts();
      const live = new OffsetBits();
      const stored = new Map<number, readonly JsonValue[]>();
      for (const { offset, values: found, isRemoved } of history) {
        counts.remove(offset);
        live.delete(offset);
        stored.delete(offset);
        if (isRemoved) continue;
        live.add(offset);
        stored.set(offset, found);
        if (found.length > 0) counts.add(offset, found);
      }
      const isWithin = compileRange(range);
      const expected = [...stored]
        .filter(([, found]) =>
          found.length === 0 ? isWithin(0) : found.some((each) => isWithin(valuesCountOf(each))),
        )
        .map(([offset]) => offset);
      const selected = [...offsetsOf(counts.select(range, live.words))];
      assert.deepEqual(
        selected,
        expected.toSorted((a, b) => a - b),
      );
      const { min, expected: likely, max } = counts.estimate(range, live.count);
      assert.ok(min <= expected.length && expected.length <= max, `${min}..${max}`);
      assert.ok(min <= likely && likely <= max);
    }),
    { numRuns: 2_000 },
  );
});
