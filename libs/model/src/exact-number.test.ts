import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compareNumbers, exactNumberOf, integerOf } from './exact-number.ts';
import { parseJson } from './json.ts';

/** Texts of numbers close to where doubles, int64 and uint64 end. */
const integers = fc
  .tuple(
    fc.constantFrom(0n, 2n ** 53n, 2n ** 62n, 2n ** 63n, 2n ** 64n, 10n ** 25n),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.constantFrom(1n, -1n),
  )
  .map(([base, step, sign]) => sign * (base + step));

/** What JSON text of the integer says: the double next to it, where it is beyond 64 bits. */
function exactly(integer: bigint): bigint {
  return integer < -(2n ** 63n) || integer > 2n ** 64n - 1n ? BigInt(Number(integer)) : integer;
}

test('integers of int64 are compared with all their digits, larger ones as the doubles they are', () => {
  const read = (integer: bigint) => exactNumberOf(parseJson(String(integer))) ?? assert.fail();
  fc.assert(
    fc.property(integers, integers, (a, b) => {
      const difference = exactly(a) - exactly(b);
      const sign = Number(difference > 0n) - Number(difference < 0n);
      assert.equal(compareNumbers(read(a), read(b)), sign);
    }),
    { numRuns: 3_000 },
  );
});

test('an integer is one however it is written, as long as it is of 64 bits', () => {
  fc.assert(
    fc.property(integers, fc.constantFrom('', '.0', 'e0'), (integer, form) => {
      const value = parseJson(`${integer}${form}`);
      // A float has the digits of its double.
      const meant = form === '' ? exactly(integer) : BigInt(Number(integer));
      const expected = BigInt.asIntN(64, meant) === meant ? meant : undefined;
      const actual = integerOf(value);
      assert.equal(actual === undefined ? undefined : BigInt(actual), expected);
      if (typeof actual === 'number') assert.ok(Number.isSafeInteger(actual));
    }),
    { numRuns: 3_000 },
  );
  assert.ok(Object.is(integerOf(parseJson('-0.0')), 0));
  for (const text of ['0.5', '1e300', '"1"', 'true', 'null', '[1]', '{}']) {
    assert.equal(integerOf(parseJson(text)), undefined, text);
  }
});
