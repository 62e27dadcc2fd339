// MaxSim of a group of points against several multi vectors: the largest similarity of each example
// row to the rows of each point, gathered while a scan brings the rows in any order.
//
//   expect(labels, slot) … rows scanned … takeSimilarities() ──► next group
//
// A pair of rows takes 14 ns at 128 dimensions.

import type { MultiVector } from '@tributary/model';
import { rowsOf } from '../similarity.ts';
import type { RowScorer } from './exact-scan.ts';
import { type FlatVectors, NONE } from './flat-vectors.ts';
import { ROWS_PER_CALL, type ScanKernel } from './scan-kernel.ts';

export interface MaxSimilarityOptions {
  readonly rows: FlatVectors;
  readonly examples: readonly MultiVector[];
  /** One above the highest label of a row. */
  readonly labelsEnd: number;
  /** Points of a group; also the stride of the similarities. */
  readonly pointsMax: number;
}

export class MaxSimilarityScorer implements RowScorer {
  readonly #rows: FlatVectors;
  readonly #pointsMax: number;
  /** Rows of all examples, one example after the other. */
  readonly #queries: readonly Float32Array[];
  readonly #rowCounts: readonly number[];
  readonly #slotOf: Uint32Array;
  readonly #slots = new Uint32Array(ROWS_PER_CALL);
  /** By query row, then point of the group. */
  readonly #best: Float32Array;
  readonly #similarities: Float32Array;

  constructor({ rows, examples, labelsEnd, pointsMax }: MaxSimilarityOptions) {
    this.#rows = rows;
    this.#pointsMax = pointsMax;
    this.#queries = examples.flatMap((example) => rowsOf(example));
    this.#rowCounts = examples.map((example) => example.rows.length / example.size);
    this.#slotOf = new Uint32Array(labelsEnd).fill(NONE);
    this.#best = new Float32Array(this.#queries.length * pointsMax);
    this.#best.fill(Number.NEGATIVE_INFINITY);
    this.#similarities = new Float32Array(examples.length * pointsMax);
  }

  /** The rows of these labels are those of the group's point `slot`. */
  expect(labels: Uint32Array, slot: number): void {
    for (const label of labels) this.#slotOf[label] = slot;
  }

  score(kernel: ScanKernel, firstRow: number, count: number): void {
    const { list, scores } = kernel;
    const slots = this.#slots;
    const best = this.#best;
    for (let i = 0; i < count; i++) {
      slots[i] = this.#slotOf[this.#rows.offsetOf(firstRow + (list[i] ?? 0))] ?? NONE;
    }
    let from = 0;
    for (const query of this.#queries) {
      kernel.setQuery(query);
      kernel.score(count, Number.POSITIVE_INFINITY);
      for (let i = 0; i < count; i++) {
        const at = from + (slots[i] ?? 0);
        const score = scores[i] ?? 0;
        if (score > (best[at] ?? 0)) best[at] = score;
      }
      from += this.#pointsMax;
    }
  }

  /** Example e against point p at `e * pointsMax + p`, valid until the next group is taken. */
  takeSimilarities(points: number): Float32Array {
    let query = 0;
    this.#rowCounts.forEach((rows, e) => {
      for (let point = 0; point < points; point++) {
        let sum = 0;
        for (let row = 0; row < rows; row++) {
          sum += this.#best[(query + row) * this.#pointsMax + point] ?? 0;
        }
        this.#similarities[e * this.#pointsMax + point] = sum;
      }
      query += rows;
    });
    this.#best.fill(Number.NEGATIVE_INFINITY);
    return this.#similarities;
  }
}
