// How alike two vectors of one kind are by definition, in doubles: the reference the kernels are held
// against. Larger is nearer: Euclid gives the negated square, Manhattan the negated sum.

import {
  type Distance,
  isDense,
  isMulti,
  isSparse,
  type SparseVector,
  type VectorValue,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';

/**
 * Undefined where two sparse vectors share no index. Throws `wrong_input` on different kinds; a
 * dense query is one row of a multi vector.
 */
export function similarity(
  distance: Distance,
  query: VectorValue,
  vector: VectorValue,
): number | undefined {
  if (isDense(query) && isDense(vector)) return denseSimilarity(distance, query, vector);
  if (isMulti(vector)) {
    if (isDense(query)) return maxSimilarity(distance, [query], rowsOf(vector));
    if (isMulti(query)) return maxSimilarity(distance, rowsOf(query), rowsOf(vector));
  }
  if (isSparse(query) && isSparse(vector)) return sparseSimilarity(query, vector);
  throw new TributaryError('wrong_input', 'vectors of two kinds are not compared');
}

/** A vector that shares no memory with `vector`. */
export function copyVector<Vector extends VectorValue>(vector: Vector): Vector;
export function copyVector(vector: VectorValue): VectorValue {
  if (isDense(vector)) return vector.slice();
  if (isMulti(vector)) return { size: vector.size, rows: vector.rows.slice() };
  return { indices: vector.indices.slice(), values: vector.values.slice() };
}

/** Views of the rows. */
export function rowsOf({ size, rows }: { size: number; rows: Float32Array }): Float32Array[] {
  return Array.from({ length: rows.length / size }, (_, i) =>
    rows.subarray(i * size, (i + 1) * size),
  );
}

function denseSimilarity(distance: Distance, a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    if (distance === 'Cosine' || distance === 'Dot') sum += x * y;
    else sum -= distance === 'Euclid' ? (x - y) ** 2 : Math.abs(x - y);
  }
  return sum;
}

function maxSimilarity(
  distance: Distance,
  queries: readonly Float32Array[],
  rows: readonly Float32Array[],
): number {
  let sum = 0;
  for (const query of queries) {
    let best = Number.NEGATIVE_INFINITY;
    for (const row of rows) best = Math.max(best, denseSimilarity(distance, query, row));
    sum += best;
  }
  return sum;
}

function sparseSimilarity(a: SparseVector, b: SparseVector): number | undefined {
  let sum: number | undefined;
  for (let i = 0, j = 0; i < a.indices.length && j < b.indices.length; ) {
    const indexA = a.indices[i] ?? 0;
    const indexB = b.indices[j] ?? 0;
    if (indexA === indexB) sum = (sum ?? 0) + (a.values[i] ?? 0) * (b.values[j] ?? 0);
    if (indexA <= indexB) i++;
    if (indexB <= indexA) j++;
  }
  return sum;
}
