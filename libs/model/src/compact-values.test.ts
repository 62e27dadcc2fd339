import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compactDatatypeOf, valuesFromBytes, valuesToBytes } from './compact-values.ts';
import { toDatatype } from './datatype.ts';

const values = fc.float32Array({
  noNaN: true,
  noDefaultInfinity: true,
  minLength: 16,
  maxLength: 40,
});

test('values come back to the bit from the shortest form that has them', () => {
  fc.assert(
    fc.property(values, fc.constantFrom('float16', 'uint8'), (given, datatype) => {
      const stored = toDatatype(given, datatype);
      const compact = compactDatatypeOf(stored);
      assert.ok(compact !== undefined);
      const bytes = valuesToBytes(stored, compact);
      assert.equal(bytes.length, stored.length * (compact === 'uint8' ? 1 : 2));
      // Wherever they lie in a message.
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      assert.deepEqual(valuesFromBytes(shifted.subarray(1), compact), stored);
    }),
  );
});

test('other values, and few, have no shorter form', () => {
  const whole = new Float32Array(16);
  assert.equal(compactDatatypeOf(whole), 'uint8');
  assert.equal(compactDatatypeOf(whole.map(() => -1)), 'float16');
  for (const value of [0.1, 1e30, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(compactDatatypeOf(whole.with(3, value)), undefined, `${value}`);
  }
  assert.equal(compactDatatypeOf(new Float32Array(15)), undefined);
});
