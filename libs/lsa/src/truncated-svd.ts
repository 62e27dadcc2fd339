// The largest singular values of a sparse matrix and their right singular vectors, by randomised subspace iteration
// (N. Halko, P.-G. Martinsson and J. A. Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011, algorithms
// 4.4 and 5.1). A random basis is multiplied by AᵀA a few times, which turns it towards the leading singular vectors;
// the decomposition inside the subspace it then spans is small and exact. Only the columns' side is ever held densely.

import type { Random } from '@tributary/runtime';
import { addGram, multiplyTransposed, orthonormalise } from './dense.ts';
import { multiplyByGram, multiplyRow, type SparseMatrix } from './sparse-matrix.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

export interface TruncatedSvd {
  /** Largest first. */
  readonly singularValues: Float64Array;
  /** Row-major, one row a column of the matrix, `singularValues.length` numbers a row. */
  readonly rightVectors: Float64Array;
}

export interface TruncatedSvdOptions {
  readonly rank: number;
  readonly random: Random;
  /** Dimensions of the subspace beyond `rank`; more make the last singular vectors more exact. */
  readonly oversampling: number;
  /** Multiplications by AᵀA; two or three suffice where singular values fall slowly, as in text. */
  readonly iterations: number;
  /** Share of the work done, 0 .. 1. */
  readonly onProgress?: (share: number) => void;
}

/** The leading `rank` singular triplets without the left vectors; fewer where the matrix has fewer. */
export function truncatedSvd(matrix: SparseMatrix, options: TruncatedSvdOptions): TruncatedSvd {
  const { columns } = matrix;
  const width = Math.min(options.rank + options.oversampling, columns);
  const steps = options.iterations + 1;
  let basis = gaussian(columns * width, options.random);
  for (let step = 0; step < options.iterations; step++) {
    basis = multiplyByGram(matrix, basis, width, (row) => {
      if (row % 1024 === 0) options.onProgress?.((step + row / matrix.rows / 2) / steps);
    });
    orthonormalise(basis, columns, width);
    options.onProgress?.((step + 1) / steps);
  }
  orthonormalise(basis, columns, width);
  const { values, vectors } = symmetricEigen(gramOfProduct(matrix, basis, width), width);
  const floor = (values[0] ?? 0) * 1e-14;
  let rank = 0;
  while (rank < Math.min(options.rank, width) && (values[rank] as number) > floor) rank++;
  const rightVectors = multiplyTransposed(basis, columns, width, vectors, rank);
  options.onProgress?.(1);
  return { singularValues: values.slice(0, rank).map(Math.sqrt), rightVectors };
}

/** Standard normal numbers by the polar method of Marsaglia and Bray (SIAM Review 6(3), 1964). */
function gaussian(count: number, random: Random): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; ) {
    const x = 2 * random.next() - 1;
    const y = 2 * random.next() - 1;
    const square = x * x + y * y;
    if (square >= 1 || square === 0) continue;
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    numbers[i++] = x * scale;
    if (i < count) numbers[i++] = y * scale;
  }
  return numbers;
}

const PRODUCT_BLOCK_ROWS = 64;

/** `(A · basis)ᵀ (A · basis)`, lower triangle, a block of rows at a time. */
function gramOfProduct(matrix: SparseMatrix, basis: Float64Array, width: number): Float64Array {
  const gram = new Float64Array(width * width);
  const block = new Float64Array(PRODUCT_BLOCK_ROWS * width);
  for (let first = 0; first < matrix.rows; first += PRODUCT_BLOCK_ROWS) {
    const rows = Math.min(PRODUCT_BLOCK_ROWS, matrix.rows - first);
    for (let r = 0; r < rows; r++) {
      multiplyRow(matrix, first + r, basis, width, block, r * width);
    }
    addGram(block, rows, width, gram);
  }
  return gram;
}
