// The dense linear algebra that the decomposition needs, on row-major Float64Array matrices. The loops are tiled so
// that what they read stays in the processor's cache; they are where training spends its time.

const BLOCK_ROWS = 64;
const TILE = 4;

/** Adds `matrixᵀ · matrix` (width × width, lower triangle) to `gram`. */
export function addGram(
  matrix: Float64Array,
  rows: number,
  width: number,
  gram: Float64Array,
): void {
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const last = Math.min(rows, first + BLOCK_ROWS);
    for (let i = 0; i < width; i += TILE) {
      for (let j = 0; j <= i; j += TILE) addGramTile(matrix, first, last, width, i, j, gram);
    }
  }
}

function addGramTile(
  matrix: Float64Array,
  first: number,
  last: number,
  width: number,
  i: number,
  j: number,
  gram: Float64Array,
): void {
  if (i + TILE > width || j + TILE > width) {
    addGramEdge(matrix, first, last, width, i, j, gram);
    return;
  }
  const rowSums = new Float64Array(TILE * TILE);
  for (let a = 0; a < TILE; a += 2) {
    let s00 = 0;
    let s01 = 0;
    let s02 = 0;
    let s03 = 0;
    let s10 = 0;
    let s11 = 0;
    let s12 = 0;
    let s13 = 0;
    for (let at = first * width; at < last * width; at += width) {
      const x0 = matrix[at + i + a] as number;
      const x1 = matrix[at + i + a + 1] as number;
      const y0 = matrix[at + j] as number;
      const y1 = matrix[at + j + 1] as number;
      const y2 = matrix[at + j + 2] as number;
      const y3 = matrix[at + j + 3] as number;
      s00 += x0 * y0;
      s01 += x0 * y1;
      s02 += x0 * y2;
      s03 += x0 * y3;
      s10 += x1 * y0;
      s11 += x1 * y1;
      s12 += x1 * y2;
      s13 += x1 * y3;
    }
    rowSums.set([s00, s01, s02, s03, s10, s11, s12, s13], a * TILE);
  }
  for (let a = 0; a < TILE; a++) {
    for (let b = 0; b < TILE; b++) {
      const at = (i + a) * width + j + b;
      gram[at] = (gram[at] as number) + (rowSums[a * TILE + b] as number);
    }
  }
}

function addGramEdge(
  matrix: Float64Array,
  first: number,
  last: number,
  width: number,
  i: number,
  j: number,
  gram: Float64Array,
): void {
  for (let a = i; a < Math.min(width, i + TILE); a++) {
    for (let b = j; b < Math.min(width, j + TILE); b++) {
      let sum = 0;
      for (let r = first; r < last; r++) {
        sum += (matrix[r * width + a] as number) * (matrix[r * width + b] as number);
      }
      gram[a * width + b] = (gram[a * width + b] as number) + sum;
    }
  }
}

// A column whose remainder is below this share of its length is a combination of the ones before it.
const DEPENDENT_SHARE = 1e-12;

/**
 * Makes the columns of `matrix` orthonormal in place, by the Cholesky factor of its Gram matrix. Columns that depend on
 * earlier ones become zero. One pass leaves an error that grows with the square of the condition number; a second pass
 * brings it to rounding (Yamamoto et al., "Roundoff error analysis of the CholeskyQR2 algorithm", ETNA 44, 2015).
 */
export function orthonormalise(matrix: Float64Array, rows: number, width: number): void {
  const gram = new Float64Array(width * width);
  addGram(matrix, rows, width, gram);
  const inverseDiagonal = cholesky(gram, width);
  for (let r = 0; r < rows; r++) {
    const at = r * width;
    for (let j = 0; j < width; j++) {
      const inverse = inverseDiagonal[j] as number;
      matrix[at + j] =
        inverse === 0
          ? 0
          : ((matrix[at + j] as number) - dot(gram, j * width, matrix, at, j)) * inverse;
    }
  }
}

/** Replaces the lower triangle by its Cholesky factor; returns 1 / diagonal, 0 where a column is dependent. */
function cholesky(lower: Float64Array, width: number): Float64Array {
  const inverseDiagonal = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) {
      const rest = (lower[i * width + j] as number) - dot(lower, i * width, lower, j * width, j);
      lower[i * width + j] = rest * (inverseDiagonal[j] as number);
    }
    const length = lower[i * width + i] as number;
    const rest = length - dot(lower, i * width, lower, i * width, i);
    inverseDiagonal[i] = rest > length * DEPENDENT_SHARE ? 1 / Math.sqrt(rest) : 0;
  }
  return inverseDiagonal;
}

function dot(x: Float64Array, xAt: number, y: Float64Array, yAt: number, count: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let k = 0;
  for (; k + 3 < count; k += 4) {
    a += (x[xAt + k] as number) * (y[yAt + k] as number);
    b += (x[xAt + k + 1] as number) * (y[yAt + k + 1] as number);
    c += (x[xAt + k + 2] as number) * (y[yAt + k + 2] as number);
    d += (x[xAt + k + 3] as number) * (y[yAt + k + 3] as number);
  }
  for (; k < count; k++) a += (x[xAt + k] as number) * (y[yAt + k] as number);
  return a + b + c + d;
}

/** `left · right` where `right` (width × count) is given transposed, row by row. */
export function multiplyTransposed(
  left: Float64Array,
  rows: number,
  width: number,
  rightTransposed: Float64Array,
  count: number,
): Float64Array {
  const product = new Float64Array(rows * count);
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const last = Math.min(rows, first + BLOCK_ROWS);
    for (let c = 0; c < count; c++) {
      for (let r = first; r < last; r++) {
        product[r * count + c] = dot(left, r * width, rightTransposed, c * width, width);
      }
    }
  }
  return product;
}
