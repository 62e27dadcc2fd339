// Pure rules for vectors. A Cosine vector is normalised once, at the gateway; everything behind it compares dot
// products.

import type { Distance } from './distance.ts';

/** 2^-23: at or below this squared length a vector has no direction worth keeping. */
const SQUARED_LENGTH_MIN = 1.1920928955078125e-7;
/** A squared length this near to 1 counts as normalised, so that normalising again changes nothing. */
const UNIT_TOLERANCE = 1e-6;

/** The vector scaled to length 1; the vector itself where it is zero, nearly zero or of length 1 already. */
export function normalize(vector: Float32Array): Float32Array {
  let squaredLength = 0;
  for (let i = 0; i < vector.length; i++) squaredLength += (vector[i] ?? 0) ** 2;
  if (squaredLength < SQUARED_LENGTH_MIN || Math.abs(squaredLength - 1) <= UNIT_TOLERANCE) {
    return vector;
  }
  const scale = 1 / Math.sqrt(squaredLength);
  const unit = new Float32Array(vector.length);
  for (let i = 0; i < vector.length; i++) unit[i] = (vector[i] ?? 0) * scale;
  return unit;
}

/** Whether no element is NaN or infinite. */
export function isFiniteVector(vector: Float32Array): boolean {
  // x * 0 is 0 for every finite x and NaN for the others, which saves a branch an element.
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) * 0;
  return sum === 0;
}

/** Score of two vectors of one length in the convention of `Distance`, as float32. Cosine expects unit vectors. */
export function exactScore(distance: Distance, a: Float32Array, b: Float32Array): number {
  switch (distance) {
    case 'Cosine':
    case 'Dot':
      return Math.fround(accumulate(a, b, (x, y) => x * y));
    case 'Euclid':
      return Math.fround(Math.sqrt(accumulate(a, b, (x, y) => (x - y) ** 2)));
    case 'Manhattan':
      return Math.fround(accumulate(a, b, (x, y) => Math.abs(x - y)));
  }
}

function accumulate(
  a: Float32Array,
  b: Float32Array,
  term: (x: number, y: number) => number,
): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += term(a[i] ?? 0, b[i] ?? 0);
  return sum;
}
