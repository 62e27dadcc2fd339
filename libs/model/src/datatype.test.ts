import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { isOfDatatype, storedDatatypeOf, toDatatype } from './datatype.ts';

const finite = fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 20 });

test('a byte is the whole part of a value, the nearest of 0 .. 255 beyond them', () => {
  const given = Float32Array.of(0, 1.9, 254.99, 255, 256, 1e30, -0.5, -7, -0);
  assert.deepEqual([...toDatatype(given, 'uint8')], [0, 1, 254, 255, 255, 255, 0, 0, 0]);
});

test('a half float is the nearest one, ties to even, the largest beyond it', () => {
  const given = Float32Array.of(0.1, 2049, 2051, 65_519, 1e30, -1e30, 1e-8, -0);
  const halves = [0.0999755859375, 2048, 2052, 65_504, 65_504, -65_504, 0, -0];
  assert.deepEqual([...toDatatype(given, 'float16')], halves);
});

test('what is converted is of the datatype, and stays as it is', () => {
  fc.assert(
    fc.property(finite, fc.constantFrom('float16', 'uint8'), (values, datatype) => {
      const stored = toDatatype(values, datatype);
      assert.ok(isOfDatatype(stored, datatype));
      assert.equal(toDatatype(stored, datatype), stored);
      if (isOfDatatype(values, datatype)) assert.equal(stored, values);
    }),
  );
});

test('values that fit neither are reported: fractions, signs, what no half float is', () => {
  for (const value of [0.5, -1, 256, -0, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.ok(!isOfDatatype(Float32Array.of(1, value), 'uint8'), `${value}`);
  }
  for (const value of [0.1, 2049, 70_000, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.ok(!isOfDatatype(Float32Array.of(1, value), 'float16'), `${value}`);
  }
  assert.deepEqual(['float16', 'uint8', 'float32', 'turbo4', undefined].map(storedDatatypeOf), [
    'float16',
    'uint8',
    undefined,
    undefined,
    undefined,
  ]);
});
