// Eigenvalues and eigenvectors of a small symmetric matrix by the cyclic Jacobi method (G. H. Golub and C. F. Van Loan,
// "Matrix Computations", 4th edition, section 8.5). Slower than tridiagonal methods, and accurate for tiny eigenvalues.

const SWEEPS_MAX = 30;
const OFF_DIAGONAL_SHARE = 1e-12;

export interface Eigen {
  /** Largest first. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of `values[i]`. */
  readonly vectors: Float64Array;
}

/** Decomposes the symmetric `size` × `size` matrix given by its lower triangle, row-major. */
export function symmetricEigen(lower: Float64Array, size: number): Eigen {
  const matrix = mirrored(lower, size);
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    if (isDiagonal(matrix, size)) break;
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) annihilate(matrix, vectors, size, p, q);
    }
  }
  return sorted(matrix, vectors, size);
}

function mirrored(lower: Float64Array, size: number): Float64Array {
  const matrix = lower.slice();
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) matrix[j * size + i] = matrix[i * size + j] as number;
  }
  return matrix;
}

function isDiagonal(matrix: Float64Array, size: number): boolean {
  let off = 0;
  let on = 0;
  for (let i = 0; i < size; i++) {
    on += (matrix[i * size + i] as number) ** 2;
    for (let j = 0; j < i; j++) off += (matrix[i * size + j] as number) ** 2;
  }
  return off <= on * OFF_DIAGONAL_SHARE ** 2;
}

/** Rotates in the plane (p, q) so that the entry there becomes zero. */
function annihilate(
  matrix: Float64Array,
  vectors: Float64Array,
  size: number,
  p: number,
  q: number,
): void {
  const pq = matrix[p * size + q] as number;
  const pp = matrix[p * size + p] as number;
  const qq = matrix[q * size + q] as number;
  if (Math.abs(pq) <= Number.EPSILON * 1e-3 * Math.sqrt(Math.abs(pp * qq))) return;
  const theta = (qq - pp) / (2 * pq);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  rotateRows(matrix, size, p, q, cosine, sine);
  // The matrix stays symmetric: the two columns are the two rows, but for the 2 × 2 block where they meet.
  for (let k = 0; k < size; k++) {
    matrix[k * size + p] = matrix[p * size + k] as number;
    matrix[k * size + q] = matrix[q * size + k] as number;
  }
  matrix[p * size + p] = pp - tangent * pq;
  matrix[q * size + q] = qq + tangent * pq;
  matrix[p * size + q] = 0;
  matrix[q * size + p] = 0;
  rotateRows(vectors, size, p, q, cosine, sine);
}

function rotateRows(
  matrix: Float64Array,
  size: number,
  p: number,
  q: number,
  cosine: number,
  sine: number,
): void {
  const pAt = p * size;
  const qAt = q * size;
  for (let k = 0; k < size; k++) {
    const x = matrix[pAt + k] as number;
    const y = matrix[qAt + k] as number;
    matrix[pAt + k] = cosine * x - sine * y;
    matrix[qAt + k] = sine * x + cosine * y;
  }
}

function sorted(matrix: Float64Array, vectors: Float64Array, size: number): Eigen {
  const diagonal = (i: number) => matrix[i * size + i] as number;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => diagonal(b) - diagonal(a));
  const result = { values: new Float64Array(size), vectors: new Float64Array(size * size) };
  order.forEach((from, to) => {
    result.values[to] = diagonal(from);
    result.vectors.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  });
  return result;
}
