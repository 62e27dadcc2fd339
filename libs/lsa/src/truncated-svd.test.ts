import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '@tributary/runtime';
import fc from 'fast-check';
import { multiplyRow, type SparseMatrix, sparseMatrix } from './sparse-matrix.ts';
import { truncatedSvd } from './truncated-svd.ts';

function decompose(matrix: SparseMatrix, rank: number, iterations = 4) {
  return truncatedSvd(matrix, { rank, random: seededRandom(7), oversampling: 6, iterations });
}

function fromDense(rows: readonly (readonly number[])[]): SparseMatrix {
  const entries = rows.map((row) => new Map([...row.entries()].filter(([, value]) => value !== 0)));
  return sparseMatrix(entries, rows[0]?.length ?? 0);
}

function near(actual: number | undefined, expected: number, tolerance = 1e-9): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual}`);
}

test('the singular values of a small matrix are the ones worked out by hand', () => {
  // [[3, 0], [4, 5]] has AᵀA = [[25, 20], [20, 25]], whose eigenvalues are 45 and 5.
  const { singularValues } = decompose(
    fromDense([
      [3, 0],
      [4, 5],
    ]),
    2,
  );
  assert.equal(singularValues.length, 2);
  near(singularValues[0], Math.sqrt(45));
  near(singularValues[1], Math.sqrt(5));
});

test('a matrix of rank one yields one singular value however many are asked for', () => {
  const { singularValues, rightVectors } = decompose(
    fromDense([
      [1, 2, 2],
      [2, 4, 4],
    ]),
    3,
  );
  assert.equal(singularValues.length, 1);
  near(singularValues[0], Math.sqrt(45));
  [1 / 3, 2 / 3, 2 / 3].forEach((value, i) => {
    near(Math.abs(rightVectors[i] ?? 0), value);
  });
});

const denseMatrix = fc
  .tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 14 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.integer({ min: -3, max: 3 }), { minLength: columns, maxLength: columns }),
      { minLength: rows, maxLength: rows },
    ),
  );

test('right singular vectors are orthonormal, and A maps each to the length of its singular value', () => {
  fc.assert(
    fc.property(denseMatrix, (rows) => {
      const matrix = fromDense(rows);
      const { singularValues, rightVectors } = decompose(matrix, matrix.columns);
      const rank = singularValues.length;
      for (let a = 0; a < rank; a++) {
        for (let b = 0; b <= a; b++) {
          let dot = 0;
          for (let c = 0; c < matrix.columns; c++) {
            dot += (rightVectors[c * rank + a] ?? 0) * (rightVectors[c * rank + b] ?? 0);
          }
          near(dot, a === b ? 1 : 0, 1e-8);
        }
      }
      let square = 0;
      const image = new Float64Array(rank);
      for (let r = 0; r < matrix.rows; r++) {
        multiplyRow(matrix, r, rightVectors, rank, image, 0);
        square += image.reduce((sum, value) => sum + value * value, 0);
      }
      // Over all of them this is the Frobenius norm: nothing of the matrix is lost.
      const frobenius = rows.flat().reduce((sum, value) => sum + value * value, 0);
      near(square, frobenius, 1e-6 * (1 + frobenius));
      near(
        singularValues.reduce((sum, s) => sum + s * s, 0),
        frobenius,
        1e-6 * (1 + frobenius),
      );
    }),
    { numRuns: 100 },
  );
});

test('leading singular values of a sparse matrix are found within a thousandth', () => {
  const random = seededRandom(3);
  const rows = Array.from({ length: 300 }, (_, r) =>
    Array.from({ length: 120 }, (_, c) => {
      const structure = (r % 8 === c % 8 ? 1 : 0) * (1 + (c % 8));
      return structure + (random.next() < 0.05 ? random.next() : 0);
    }),
  );
  const exact = decompose(fromDense(rows), 120).singularValues;
  const found = decompose(fromDense(rows), 8, 2).singularValues;
  found.forEach((value, i) => {
    near(value / (exact[i] ?? 0), 1, 1e-3);
  });
});
