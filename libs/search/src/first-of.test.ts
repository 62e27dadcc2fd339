import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FirstOf } from './first-of.ts';

test('the first of what is offered are those of a sort, and what comes after the last is none of them', () => {
  // Longer lists than are held at once.
  const numbers = fc.array(fc.nat(300), { maxLength: 500, size: 'max' });
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 3 }), fc.nat(40), (rounds, limit) => {
      const first = new FirstOf<number>(limit, (a, b) => a - b);
      for (const offered of rounds) {
        for (const each of offered) {
          if (each <= (first.last ?? Infinity)) first.offer(each);
        }
        assert.deepEqual(first.take(), offered.toSorted((a, b) => a - b).slice(0, limit));
      }
    }),
  );
});
