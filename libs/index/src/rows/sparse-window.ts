// The similarities of a window of rows to several sparse vectors, by walking the lists of their
// indices side by side. Windows are asked for in ascending order.

import type { SparseVector } from '@tributary/model';
import type { PostingList, SparseRows } from './sparse-rows.ts';

/** With a few examples the sums of a window stay in the second-level cache. */
const WINDOW_ROWS = 8_192;

interface Cursor {
  readonly list: PostingList;
  readonly example: number;
  readonly weight: number;
  at: number;
}

export interface WindowSimilarities {
  /** Row `first + i` against example e at `e * length + i`; 0 where no index is shared. */
  readonly similarities: Float32Array;
  /** 1 where an index is shared with an example. */
  readonly touched: Uint8Array;
}

export class WindowedPostings {
  readonly length = WINDOW_ROWS;
  readonly #cursors: Cursor[] = [];
  readonly #window: WindowSimilarities;

  constructor(rows: SparseRows, examples: readonly SparseVector[]) {
    this.#window = {
      similarities: new Float32Array(examples.length * WINDOW_ROWS),
      touched: new Uint8Array(WINDOW_ROWS),
    };
    examples.forEach(({ indices, values }, example) => {
      indices.forEach((index, i) => {
        const list = rows.listOf(index);
        if (list !== undefined) {
          this.#cursors.push({ list, example, weight: values[i] ?? 0, at: 0 });
        }
      });
    });
  }

  /** The window from row `first`; the same arrays are used again. */
  next(first: number): WindowSimilarities {
    const { similarities, touched } = this.#window;
    similarities.fill(0);
    touched.fill(0);
    const end = first + WINDOW_ROWS;
    for (const cursor of this.#cursors) {
      const { list, weight } = cursor;
      const { rows, values, length } = list;
      const base = cursor.example * WINDOW_ROWS - first;
      let { at } = cursor;
      for (; at < length; at++) {
        const row = rows[at] ?? 0;
        if (row >= end) break;
        similarities[base + row] = (similarities[base + row] ?? 0) + weight * (values[at] ?? 0);
        touched[row - first] = 1;
      }
      cursor.at = at;
    }
    return this.#window;
  }
}
