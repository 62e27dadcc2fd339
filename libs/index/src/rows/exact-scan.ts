// Which rows are scored: every row of a range, a list of rows, or the rows of a set of offsets, given
// to a scorer a call of the kernel at a time. Scores are the kernel's: larger is nearer.

import { hasOffset } from '../offset-bits.ts';
import type { TopK } from '../top-k.ts';
import type { OffsetSet } from '../vector-index.ts';
import { type FlatVectors, NONE } from './flat-vectors.ts';
import { ROWS_PER_CALL, type ScanKernel } from './scan-kernel.ts';

export interface RowRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** What is done with the rows that lie in the kernel's list. */
export interface RowScorer {
  /** The first `count` entries of the list; they count from `firstRow`. */
  score(kernel: ScanKernel, firstRow: number, count: number): void;
}

/** Offers the nearness to one query. */
export class NearestScorer implements RowScorer {
  readonly #vectors: FlatVectors;
  readonly #top: TopK;

  constructor(vectors: FlatVectors, query: Float32Array, top: TopK) {
    this.#vectors = vectors;
    this.#top = top;
    for (const kernel of vectors.kernels()) kernel.setQuery(query);
  }

  score(kernel: ScanKernel, firstRow: number, count: number): void {
    const top = this.#top;
    const { threshold } = top;
    const selected = kernel.score(count, threshold);
    // Before the answer is full everything is taken, even what compares with nothing (NaN).
    const takesAll = threshold === Number.NEGATIVE_INFINITY;
    const offers = takesAll ? count : selected;
    const { list, scores, positions } = kernel;
    for (let i = 0; i < offers; i++) {
      const position = takesAll ? i : (positions[i] ?? 0);
      if (position >= count) continue;
      const offset = this.#vectors.offsetOf(firstRow + (list[position] ?? 0));
      if (offset !== NONE) top.offer(scores[position] ?? 0, offset);
    }
  }
}

/**
 * One scan by one scorer. Rows are given in any order, a block at a time or mixed; `finish` ends it.
 */
export class ExactScan {
  readonly #vectors: FlatVectors;
  readonly #kernels: readonly ScanKernel[];
  readonly #pending: Uint32Array;
  readonly #scorer: RowScorer;
  readonly #blockLog2: number;
  readonly #mask: number;

  constructor(vectors: FlatVectors, scorer: RowScorer) {
    this.#vectors = vectors;
    this.#scorer = scorer;
    this.#kernels = vectors.kernels();
    this.#pending = new Uint32Array(this.#kernels.length);
    this.#blockLog2 = vectors.layout.rowsPerBlockLog2;
    this.#mask = 2 ** this.#blockLog2 - 1;
  }

  range(range: RowRange): void {
    let row = range.from;
    while (row < range.to) {
      const block = row >>> this.#blockLog2;
      const blockEnd = Math.min(range.to, (block + 1) * 2 ** this.#blockLog2);
      const kernel = this.#kernels[block];
      if (kernel === undefined) return;
      this.#flush(block);
      for (; row < blockEnd; row += ROWS_PER_CALL) {
        const count = Math.min(ROWS_PER_CALL, blockEnd - row);
        const first = row & this.#mask;
        for (let i = 0; i < count; i++) kernel.list[i] = first + i;
        this.#scorer.score(kernel, row - first, count);
      }
      row = blockEnd;
    }
  }

  /** The rows of the range whose offset is in `accept`. */
  rangeIn(range: RowRange, accept: OffsetSet): void {
    for (let row = range.from; row < range.to; row++) {
      if (hasOffset(accept, this.#vectors.offsetOf(row))) this.row(row);
    }
  }

  /** The offsets of `accept` whose row is in the range. */
  set(accept: OffsetSet, range: RowRange): void {
    for (let word = 0; word < accept.length; word++) {
      let bits = accept[word] ?? 0;
      while (bits !== 0) {
        const lowest = bits & -bits;
        const row = this.#vectors.rowOf(word * 32 + (31 - Math.clz32(lowest)));
        // NONE is above every range.
        if (row >= range.from && row < range.to) this.row(row);
        bits ^= lowest;
      }
    }
  }

  row(row: number): void {
    const block = row >>> this.#blockLog2;
    const kernel = this.#kernels[block];
    if (kernel === undefined) return;
    const pending = this.#pending[block] ?? 0;
    kernel.list[pending] = row & this.#mask;
    this.#pending[block] = pending + 1;
    if (pending + 1 === ROWS_PER_CALL) this.#flush(block);
  }

  finish(): void {
    for (let block = 0; block < this.#pending.length; block++) this.#flush(block);
  }

  #flush(block: number): void {
    const count = this.#pending[block] ?? 0;
    const kernel = this.#kernels[block];
    if (count === 0 || kernel === undefined) return;
    this.#pending[block] = 0;
    this.#scorer.score(kernel, block * 2 ** this.#blockLog2, count);
  }
}
