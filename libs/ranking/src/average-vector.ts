// One vector for several examples: twice the mean of what is liked less the mean of what is not.

import {
  isDense,
  isMulti,
  isSparse,
  type MultiVector,
  type SparseVector,
  type VectorValue,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';

/**
 * Dense and sparse: mean(positives) + mean(positives) - mean(negatives), or just the first where nothing is disliked.
 * Multi: the rows of the positives, then the negated rows of the negatives. Errors: `bad_request` without positives, or
 * where the examples are of different kinds or lengths.
 */
export function averageRecommendVector(
  positives: readonly VectorValue[],
  negatives: readonly VectorValue[],
): VectorValue {
  const all = [...positives, ...negatives];
  if (positives.length === 0) {
    throw new TributaryError(
      'bad_request',
      'At least one positive vector ID required with the `average_vector` strategy',
    );
  }
  if (all.every(isDense)) return averageDense(positives.filter(isDense), negatives.filter(isDense));
  if (all.every(isSparse)) {
    return averageSparse(positives.filter(isSparse), negatives.filter(isSparse));
  }
  if (all.every(isMulti)) return joinMulti(positives.filter(isMulti), negatives.filter(isMulti));
  throw new TributaryError('bad_request', 'The examples are vectors of different kinds');
}

function averageDense(positives: Float32Array[], negatives: Float32Array[]): Float32Array {
  const size = positives[0]?.length ?? 0;
  if ([...positives, ...negatives].some(({ length }) => length !== size)) throw differentSizes();
  const sum = new Float64Array(size);
  const add = (vectors: Float32Array[], factor: number) => {
    for (const vector of vectors) {
      for (let i = 0; i < size; i++) sum[i] = (sum[i] ?? 0) + factor * (vector[i] ?? 0);
    }
  };
  const { positive, negative } = factors(positives.length, negatives.length);
  add(positives, positive);
  add(negatives, negative);
  return Float32Array.from(sum);
}

function averageSparse(positives: SparseVector[], negatives: SparseVector[]): SparseVector {
  const sum = new Map<number, number>();
  const add = (vectors: SparseVector[], factor: number) => {
    for (const { indices, values } of vectors) {
      for (const [i, index] of indices.entries()) {
        sum.set(index, (sum.get(index) ?? 0) + factor * (values[i] ?? 0));
      }
    }
  };
  const { positive, negative } = factors(positives.length, negatives.length);
  add(positives, positive);
  add(negatives, negative);
  const indices = Uint32Array.from(sum.keys()).sort();
  return { indices, values: Float32Array.from(indices, (index) => sum.get(index) ?? 0) };
}

function joinMulti(positives: MultiVector[], negatives: MultiVector[]): MultiVector {
  const size = positives[0]?.size ?? 0;
  if ([...positives, ...negatives].some((vector) => vector.size !== size)) throw differentSizes();
  const liked = positives.flatMap(({ rows }) => [...rows]);
  const disliked = negatives.flatMap(({ rows }) => Array.from(rows, (value) => -value));
  return { size, rows: Float32Array.from([...liked, ...disliked]) };
}

function factors(positives: number, negatives: number) {
  if (negatives === 0) return { positive: 1 / positives, negative: 0 };
  return { positive: 2 / positives, negative: -1 / negatives };
}

function differentSizes(): TributaryError {
  return new TributaryError('bad_request', 'The examples are vectors of different sizes');
}
