// A sparse matrix in compressed rows: row r holds the entries rowStarts[r] .. rowStarts[r + 1] - 1.

export interface SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly rowStarts: Uint32Array;
  readonly columnIndexes: Uint32Array;
  readonly values: Float64Array;
}

/** Builds the matrix from `(column, value)` pairs by row. */
export function sparseMatrix(
  rowEntries: readonly ReadonlyMap<number, number>[],
  columns: number,
): SparseMatrix {
  const entries = rowEntries.reduce((sum, row) => sum + row.size, 0);
  const rowStarts = new Uint32Array(rowEntries.length + 1);
  const columnIndexes = new Uint32Array(entries);
  const values = new Float64Array(entries);
  let next = 0;
  rowEntries.forEach((row, r) => {
    for (const [column, value] of row) {
      columnIndexes[next] = column;
      values[next++] = value;
    }
    rowStarts[r + 1] = next;
  });
  return { rows: rowEntries.length, columns, rowStarts, columnIndexes, values };
}

/** `product = A[row] · dense`, for row-major `dense` of `width` columns. */
export function multiplyRow(
  matrix: SparseMatrix,
  row: number,
  dense: Float64Array,
  width: number,
  product: Float64Array,
  productOffset: number,
): void {
  const { rowStarts, columnIndexes, values } = matrix;
  product.fill(0, productOffset, productOffset + width);
  const end = rowStarts[row + 1] as number;
  for (let entry = rowStarts[row] as number; entry < end; entry++) {
    const value = values[entry] as number;
    const base = (columnIndexes[entry] as number) * width;
    for (let c = 0; c < width; c++) {
      product[productOffset + c] =
        (product[productOffset + c] as number) + value * (dense[base + c] as number);
    }
  }
}

/** `sum = Aᵀ (A · dense)`, row by row, so that the tall product `A · dense` is never held. */
export function multiplyByGram(
  matrix: SparseMatrix,
  dense: Float64Array,
  width: number,
  onRow?: (row: number) => void,
): Float64Array {
  const { rows, rowStarts, columnIndexes, values } = matrix;
  const sum = new Float64Array(matrix.columns * width);
  const product = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    multiplyRow(matrix, row, dense, width, product, 0);
    const end = rowStarts[row + 1] as number;
    for (let entry = rowStarts[row] as number; entry < end; entry++) {
      const value = values[entry] as number;
      const base = (columnIndexes[entry] as number) * width;
      for (let c = 0; c < width; c++) {
        sum[base + c] = (sum[base + c] as number) + value * (product[c] as number);
      }
    }
    onRow?.(row);
  }
  return sum;
}
