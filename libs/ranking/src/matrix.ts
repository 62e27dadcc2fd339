// The two forms in which a distance matrix is handed out.

import type { DistanceMatrix, PointId } from '@tributary/model';

export interface MatrixPair {
  readonly a: PointId;
  readonly b: PointId;
  readonly score: number;
}

/** Coordinates into `ids`: the k-th score is that of row `offsetsRow[k]` and column `offsetsCol[k]`. */
export interface MatrixOffsets {
  readonly offsetsRow: readonly number[];
  readonly offsetsCol: readonly number[];
  readonly scores: readonly number[];
  readonly ids: readonly PointId[];
}

/** Row by row, best first within a row. */
export function matrixPairs({ ids, rows }: DistanceMatrix): MatrixPair[] {
  return ids.flatMap((a, i) => (rows[i] ?? []).map(({ id, score }) => ({ a, b: id, score })));
}

export function matrixOffsets({ ids, rows }: DistanceMatrix): MatrixOffsets {
  const columns = new Map(ids.map((id, i) => [id, i]));
  const cells = rows.flatMap((row, i) =>
    row.flatMap(({ id, score }) => {
      const column = columns.get(id);
      return column === undefined ? [] : [{ row: i, column, score }];
    }),
  );
  return {
    offsetsRow: cells.map((cell) => cell.row),
    offsetsCol: cells.map((cell) => cell.column),
    scores: cells.map((cell) => cell.score),
    ids,
  };
}
