// Scores by examples: what a scoring compares a point with, and how it makes one score of the
// similarities. Formulas: see `Scoring` in the model; a similarity is the kernel's score, so for
// Euclid the negated square.

import {
  isDense,
  isMulti,
  isSparse,
  type MultiVector,
  type SparseVector,
  type VectorValue,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { TopK } from '../top-k.ts';
import type { ExampleScoring } from '../vector-index.ts';
import type { RowScorer } from './exact-scan.ts';
import { type FlatVectors, NONE } from './flat-vectors.ts';
import { ROWS_PER_CALL, type ScanKernel } from './scan-kernel.ts';

/** The distance of 1 to the next larger float32: a context pair must be won by more than this. */
const CONTEXT_MARGIN = 2 ** -23;

/** Similarities of point `at`: that to example e is `similarities[e * stride + at]`. */
export type ScoreOfSimilarities = (
  similarities: Float32Array,
  stride: number,
  at: number,
) => number;

export interface ExamplePlan<Vector extends VectorValue> {
  readonly examples: readonly Vector[];
  readonly score: ScoreOfSimilarities;
}

/** `toKind` takes an example as the kind of the index, or throws. */
export function planExamples<Vector extends VectorValue>(
  scoring: ExampleScoring,
  toKind: (example: VectorValue) => Vector,
): ExamplePlan<Vector> {
  const examples = examplesOf(scoring).map(toKind);
  switch (scoring.kind) {
    case 'bestScore':
      return { examples, score: bestScore(scoring.positives.length, examples.length) };
    case 'sumScores':
      return { examples, score: sumScores(scoring.positives.length, examples.length) };
    case 'discover':
      return { examples, score: discoverScore(scoring.context.length) };
    case 'context':
      return { examples, score: contextScore(scoring.context.length) };
    case 'weightedSum':
      return { examples, score: weightedSum(scoring.terms.map(({ weight }) => weight)) };
  }
}

/** Every vector a scoring compares with, in the order of `ExamplePlan`. */
export function examplesOf(scoring: ExampleScoring): VectorValue[] {
  switch (scoring.kind) {
    case 'bestScore':
    case 'sumScores':
      return [...scoring.positives, ...scoring.negatives];
    case 'discover':
      return [scoring.target, ...pairsOf(scoring.context)];
    case 'context':
      return pairsOf(scoring.context);
    case 'weightedSum':
      return scoring.terms.map(({ example }) => example);
  }
}

/** Scores the rows of a scan of flat memory, an example at a time. */
export class ExampleScorer implements RowScorer {
  readonly #vectors: FlatVectors;
  readonly #examples: readonly Float32Array[];
  readonly #score: ScoreOfSimilarities;
  readonly #top: TopK;
  readonly #similarities: Float32Array;

  constructor(options: ExamplePlan<Float32Array> & { vectors: FlatVectors; top: TopK }) {
    this.#vectors = options.vectors;
    this.#examples = options.examples;
    this.#score = options.score;
    this.#top = options.top;
    this.#similarities = new Float32Array(this.#examples.length * ROWS_PER_CALL);
  }

  score(kernel: ScanKernel, firstRow: number, count: number): void {
    const similarities = this.#similarities;
    const scores = kernel.scores.subarray(0, count);
    this.#examples.forEach((example, e) => {
      kernel.setQuery(example);
      kernel.score(count, Number.POSITIVE_INFINITY);
      similarities.set(scores, e * ROWS_PER_CALL);
    });
    for (let i = 0; i < count; i++) {
      const offset = this.#vectors.offsetOf(firstRow + (kernel.list[i] ?? 0));
      if (offset === NONE) continue;
      this.#top.offer(Math.fround(this.#score(similarities, ROWS_PER_CALL, i)), offset);
    }
  }
}

function pairsOf(context: readonly { positive: VectorValue; negative: VectorValue }[]) {
  return context.flatMap(({ positive, negative }) => [positive, negative]);
}

function bestScore(positives: number, examples: number): ScoreOfSimilarities {
  return (similarities, stride, at) => {
    let best = Number.NEGATIVE_INFINITY;
    for (let e = 0; e < positives; e++) {
      best = Math.max(best, similarities[e * stride + at] ?? 0);
    }
    let worst = Number.NEGATIVE_INFINITY;
    for (let e = positives; e < examples; e++) {
      worst = Math.max(worst, similarities[e * stride + at] ?? 0);
    }
    return best > worst ? toUnit(best) : -toUnit(worst);
  };
}

function sumScores(positives: number, examples: number): ScoreOfSimilarities {
  return (similarities, stride, at) => {
    let sum = 0;
    for (let e = 0; e < positives; e++) sum += similarities[e * stride + at] ?? 0;
    for (let e = positives; e < examples; e++) sum -= similarities[e * stride + at] ?? 0;
    return sum;
  };
}

function discoverScore(pairs: number): ScoreOfSimilarities {
  return (similarities, stride, at) => {
    let rank = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const positive = similarities[(1 + 2 * pair) * stride + at] ?? 0;
      const negative = similarities[(2 + 2 * pair) * stride + at] ?? 0;
      if (positive > negative) rank++;
      else if (positive < negative) rank--;
    }
    return rank + toUnit(similarities[at] ?? 0);
  };
}

function contextScore(pairs: number): ScoreOfSimilarities {
  return (similarities, stride, at) => {
    let sum = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const positive = similarities[2 * pair * stride + at] ?? 0;
      const negative = similarities[(2 * pair + 1) * stride + at] ?? 0;
      sum += squash(Math.min(positive - negative - CONTEXT_MARGIN, 0));
    }
    return sum;
  };
}

function weightedSum(weights: readonly number[]): ScoreOfSimilarities {
  return (similarities, stride, at) => {
    let sum = 0;
    weights.forEach((weight, e) => {
      sum += weight * (similarities[e * stride + at] ?? 0);
    });
    return sum;
  };
}

/** Any number to -1 .. 1. */
function squash(x: number): number {
  return Number.isFinite(x) ? x / (1 + Math.abs(x)) : Math.sign(x);
}

/** Any number to 0 .. 1. */
function toUnit(x: number): number {
  return (squash(x) + 1) / 2;
}

/** Throws `wrong_input` on another kind. */
export function toDense(vector: VectorValue): Float32Array {
  if (isDense(vector)) return vector;
  if (isSparse(vector)) throw conversionError('sparse', 'regular');
  throw conversionError('multi', 'regular');
}

/** Throws `wrong_input` on another kind. */
export function toSparse(vector: VectorValue): SparseVector {
  if (isDense(vector)) throw conversionError('regular', 'sparse');
  if (isSparse(vector)) return vector;
  throw conversionError('multi', 'sparse');
}

/** A dense vector is taken as a single row. Throws `wrong_input` on a sparse one. */
export function toMulti(vector: VectorValue): MultiVector {
  if (isDense(vector)) return { size: vector.length, rows: vector };
  if (isMulti(vector)) return vector;
  throw conversionError('sparse', 'multi');
}

function conversionError(from: string, to: string): TributaryError {
  const text = `Conversion between ${from} and ${to} vectors failed`;
  return new TributaryError('wrong_input', text);
}
