import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compareFacetValues } from './facet-order.ts';

test('texts stand in the order of their bytes, before them numbers in theirs', () => {
  const character = fc.constantFrom(
    'a',
    'Z',
    '\u{e9}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{ffff}',
    '😀',
    '😁',
  );
  const texts = fc.array(character, { maxLength: 3 }).map((each) => each.join(''));
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.equal(Math.sign(compareFacetValues(a, b)), expected);
    }),
    { numRuns: 2_000 },
  );
  const values = ['b', 2n ** 60n + 1n, 'a', 2n ** 60n, -1, 10, 2];
  assert.deepEqual(values.toSorted(compareFacetValues), [
    -1,
    2,
    10,
    2n ** 60n,
    2n ** 60n + 1n,
    'a',
    'b',
  ]);
  assert.deepEqual([true, false].toSorted(compareFacetValues), [false, true]);
});
