import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  comparePointIds,
  type PointId,
  parsePointId,
  pointIdFromBytes,
  pointIdToBytes,
} from './point-id.ts';

const ids: fc.Arbitrary<PointId> = fc.oneof(
  fc.nat(20),
  fc.maxSafeNat(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.constantFrom<PointId>(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n),
  fc.uuid(),
);

test('an id is read back from its bytes as it was', () => {
  fc.assert(
    fc.property(ids, (id) => {
      assert.equal(pointIdFromBytes(pointIdToBytes(id)), id);
    }),
  );
});

test('the order of ids is the order of their bytes', () => {
  fc.assert(
    fc.property(ids, ids, (a, b) => {
      const bytes = Buffer.compare(pointIdToBytes(a), pointIdToBytes(b));
      assert.equal(Math.sign(comparePointIds(a, b)), bytes);
    }),
    { numRuns: 1_000 },
  );
});

test('an id is canonical: parsing it gives itself', () => {
  fc.assert(
    fc.property(ids, (id) => {
      assert.equal(parsePointId(id), id);
    }),
  );
});

test('all spellings of a UUID are one id', () => {
  const canonical = '550e8400-e29b-41d4-a716-446655440000';
  for (const spelling of [
    canonical.toUpperCase(),
    canonical.replaceAll('-', ''),
    `urn:uuid:${canonical}`,
    `{${canonical}}`,
  ]) {
    assert.equal(parsePointId(spelling), canonical, spelling);
  }
});

test('a small bigint is a number', () => {
  assert.equal(parsePointId(7n), 7);
  assert.equal(parsePointId(2n ** 53n), 2n ** 53n);
});

test('what is no id is refused', () => {
  const bad = [
    -1,
    1.5,
    2 ** 53,
    Number.NaN,
    -1n,
    2n ** 64n,
    '',
    '1',
    'abc',
    null,
    undefined,
    {},
    true,
  ];
  for (const value of bad) assert.equal(parsePointId(value), undefined, String(value));
});

test('bytes that are no id are refused', () => {
  for (const length of [0, 1, 8, 10, 16, 18]) {
    assert.throws(() => pointIdFromBytes(new Uint8Array(length)), RangeError);
  }
  assert.throws(() => pointIdFromBytes(new Uint8Array(9).fill(1)), RangeError);
  assert.throws(() => pointIdFromBytes(new Uint8Array(17)), RangeError);
});
