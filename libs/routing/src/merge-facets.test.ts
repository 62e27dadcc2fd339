import assert from 'node:assert/strict';
import test from 'node:test';
import { compareFacetValues } from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import fc from 'fast-check';
import { mergeFacetSteps } from './merge-facets.ts';

// An index has values of one kind: booleans meet no others.
const values = fc.oneof(fc.constantFrom('a', 'b', '1'), fc.constantFrom(1, 2, -1.5));
const hits = fc.record({ value: values, count: fc.integer({ min: 1, max: 3 }) });
const shards = fc.array(fc.uniqueArray(hits, { selector: ({ value }) => value }), { maxLength: 4 });

test('what the shards counted is summed by value, the most frequent first, equal ones by value', () => {
  fc.assert(
    fc.property(shards, fc.nat(6), (counted, limit) => {
      const merged = atOnce(mergeFacetSteps(counted, Infinity));
      const all = counted.flat();
      assert.equal(new Set(merged.map(({ value }) => value)).size, merged.length);
      assert.deepEqual(
        new Set(merged.map(({ value }) => value)),
        new Set(all.map(({ value }) => value)),
      );
      for (const [i, { value, count }] of merged.entries()) {
        const own = all.filter((hit) => hit.value === value);
        assert.equal(
          count,
          own.reduce((sum, hit) => sum + hit.count, 0),
        );
        const next = merged[i + 1];
        if (next === undefined) continue;
        assert.ok(count >= next.count);
        if (count === next.count) assert.ok(compareFacetValues(value, next.value) < 0);
      }
      assert.deepEqual(atOnce(mergeFacetSteps(counted, limit)), merged.slice(0, limit));
    }),
  );
});
