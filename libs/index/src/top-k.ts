// The best `limit` of the (score, offset) pairs offered. Larger scores are better; of equal scores
// the smaller offset is, or what another order says, so that the answer does not depend on the order
// of the offers.

import { assert } from '@tributary/runtime';

type TieOrder = (offsetA: number, offsetB: number) => number;

export class TopK {
  readonly #limit: number;
  readonly #bound: number;
  /** A heap with the worst pair at its root. */
  readonly #scores: number[] = [];
  readonly #offsets: number[] = [];
  readonly #tieOrder: TieOrder | undefined;

  /**
   * Only scores above `bound` are taken; without a bound every score is, NaN as the worst there is.
   */
  constructor(limit: number, bound?: number, tieOrder?: TieOrder) {
    assert(Number.isSafeInteger(limit) && limit >= 0, 'a limit is a whole number');
    this.#limit = limit;
    this.#bound = bound ?? Number.NaN;
    this.#tieOrder = tieOrder;
  }

  get size(): number {
    return this.#scores.length;
  }

  /** No score below this can be taken. */
  get threshold(): number {
    const worst = this.#scores[0];
    if (worst !== undefined && this.size === this.#limit) return worst;
    return Number.isNaN(this.#bound) ? Number.NEGATIVE_INFINITY : this.#bound;
  }

  offer(score: number, offset: number): void {
    const value = Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
    if (value <= this.#bound || this.#limit === 0) return;
    if (this.size < this.#limit) this.#insert(value, offset);
    else if (this.#isWorse(this.#scores[0], this.#offsets[0], value, offset))
      this.#replaceWorst(value, offset);
  }

  /** Best first; empties the heap. */
  drain(): { readonly offsets: Uint32Array; readonly scores: Float32Array } {
    const offsets = new Uint32Array(this.size);
    const scores = new Float32Array(this.size);
    for (let i = this.size - 1; i >= 0; i--) {
      scores[i] = this.#scores[0] ?? 0;
      offsets[i] = this.#offsets[0] ?? 0;
      const score = this.#scores.pop() ?? 0;
      const offset = this.#offsets.pop() ?? 0;
      if (i > 0) this.#replaceWorst(score, offset);
    }
    return { offsets, scores };
  }

  #insert(score: number, offset: number): void {
    const scores = this.#scores;
    const offsets = this.#offsets;
    let at = scores.length;
    scores.push(score);
    offsets.push(offset);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const parentScore = scores[parent] ?? 0;
      const parentOffset = offsets[parent] ?? 0;
      if (!this.#isWorse(score, offset, parentScore, parentOffset)) break;
      scores[at] = parentScore;
      offsets[at] = parentOffset;
      at = parent;
    }
    scores[at] = score;
    offsets[at] = offset;
  }

  #replaceWorst(score: number, offset: number): void {
    const scores = this.#scores;
    const offsets = this.#offsets;
    const size = scores.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (
        right < size &&
        this.#isWorse(scores[right], offsets[right], scores[child], offsets[child])
      ) {
        child = right;
      }
      const childScore = scores[child] ?? 0;
      const childOffset = offsets[child] ?? 0;
      if (!this.#isWorse(childScore, childOffset, score, offset)) break;
      scores[at] = childScore;
      offsets[at] = childOffset;
      at = child;
    }
    scores[at] = score;
    offsets[at] = offset;
  }

  #isWorse(scoreA = 0, offsetA = 0, scoreB = 0, offsetB = 0): boolean {
    if (scoreA !== scoreB) return scoreA < scoreB;
    const order = this.#tieOrder;
    return order === undefined ? offsetA > offsetB : order(offsetA, offsetB) > 0;
  }
}
