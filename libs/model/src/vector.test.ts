import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { exactScore, isFiniteVector, normalize } from './vector.ts';

const vectors = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1_000, max: 1_000 }), {
    minLength: 1,
    maxLength: 32,
  })
  .map((values) => Float32Array.from(values));

test('a normalised vector has length 1 and the same direction, or was too short to have one', () => {
  fc.assert(
    fc.property(vectors, (vector) => {
      const unit = normalize(vector);
      const length = Math.hypot(...vector);
      if (length ** 2 < 2 ** -23) {
        assert.equal(unit, vector);
      } else {
        assert.ok(Math.abs(Math.hypot(...unit) - 1) < 1e-5);
        for (const [i, x] of unit.entries()) {
          assert.ok(Math.abs(x - (vector[i] ?? 0) / length) < 1e-5);
        }
      }
    }),
  );
});

test('normalising twice is normalising once, bit for bit', () => {
  fc.assert(
    fc.property(vectors, (vector) => {
      const unit = normalize(vector);
      assert.equal(normalize(unit), unit);
    }),
  );
});

test('a zero vector stays zero', () => {
  assert.deepEqual(normalize(new Float32Array(3)), new Float32Array(3));
});

test('a vector is finite unless it has a NaN or an infinity', () => {
  fc.assert(
    fc.property(vectors, fc.nat(), (vector, where) => {
      assert.ok(isFiniteVector(vector));
      for (const bad of [Number.NaN, Infinity, -Infinity, 1e39]) {
        const spoiled = vector.slice();
        spoiled[where % vector.length] = bad;
        assert.ok(!isFiniteVector(spoiled));
      }
    }),
  );
});

test('scores follow the conventions of the distances', () => {
  const [a, b] = [Float32Array.of(1, 2), Float32Array.of(4, -2)];
  assert.equal(exactScore('Dot', a, b), 0);
  assert.equal(exactScore('Cosine', a, a), 5);
  assert.equal(exactScore('Euclid', a, b), 5);
  assert.equal(exactScore('Manhattan', a, b), 7);
  assert.equal(exactScore('Euclid', a, Float32Array.of(2, 3)), Math.fround(Math.SQRT2));
});
