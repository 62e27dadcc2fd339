// How alike two vectors are, larger for more alike: the scale on which recommendations and diversity compare. Euclid is
// the negative of the squared distance, Manhattan that of the distance; several rows compare by MaxSim.

import {
  type Distance,
  isDense,
  isMulti,
  isSparse,
  type MultiVector,
  type SparseVector,
  type StoredDatatype,
  type VectorValue,
} from '@tributary/model';
import { assert } from '@tributary/runtime';

export type Similarity = (a: VectorValue, b: VectorValue) => number;

type RowSimilarity = (a: Float32Array, b: Float32Array) => number;

/**
 * Cosine expects unit vectors, but of bytes, which have none, any. The similarity is of `a`, the one that asks, to `b`:
 * MaxSim sums over the rows of `a`.
 */
export function similarityOf(distance: Distance, datatype?: StoredDatatype): Similarity {
  const isOfAngle = distance === 'Cosine' && datatype === 'uint8';
  const ofRows: RowSimilarity = isOfAngle ? cosine : (a, b) => denseSimilarity(distance, a, b);
  return (a, b) => {
    if (isDense(a) && isDense(b)) return ofRows(a, b);
    if (isSparse(a) && isSparse(b)) return sparseDot(a, b);
    if (isMulti(a) && isMulti(b)) return maxSim(ofRows, a, b);
    throw new TypeError('vectors of different kinds cannot be compared');
  };
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => denseSimilarity('Dot', x, y);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

function denseSimilarity(distance: Distance, a: Float32Array, b: Float32Array): number {
  assert(a.length === b.length, 'compared vectors have one length');
  let sum = 0;
  switch (distance) {
    case 'Cosine':
    case 'Dot':
      for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
      return sum;
    case 'Euclid':
      for (let i = 0; i < a.length; i++) sum -= ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
      return sum;
    case 'Manhattan':
      for (let i = 0; i < a.length; i++) sum -= Math.abs((a[i] ?? 0) - (b[i] ?? 0));
      return sum;
  }
}

function sparseDot(a: SparseVector, b: SparseVector): number {
  let sum = 0;
  let j = 0;
  for (let i = 0; i < a.indices.length; i++) {
    const index = a.indices[i] ?? 0;
    while (j < b.indices.length && (b.indices[j] ?? 0) < index) j++;
    if (b.indices[j] === index) sum += (a.values[i] ?? 0) * (b.values[j] ?? 0);
  }
  return sum;
}

function maxSim(ofRows: RowSimilarity, a: MultiVector, b: MultiVector): number {
  let sum = 0;
  for (let i = 0; i < a.rows.length; i += a.size) {
    const row = a.rows.subarray(i, i + a.size);
    let best = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < b.rows.length; j += b.size) {
      best = Math.max(best, ofRows(row, b.rows.subarray(j, j + b.size)));
    }
    sum += best;
  }
  return sum;
}
