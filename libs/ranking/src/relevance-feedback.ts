// Naive relevance feedback: a scoring that moves what a search finds towards what was judged better. Formula: see
// `NaiveFeedback` in the model, as Qdrant documents its strategy `naive`.

import type { NaiveFeedback, Scoring, VectorValue, WeightedExample } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';

export interface JudgedVector {
  readonly vector: VectorValue;
  readonly score: number;
}

/**
 * The sum over pairs is linear in the similarities, so each item is compared with a point once, whatever the number of
 * its pairs, and counts for what its pairs weigh together. Errors: `bad_request` where what they weigh is not finite.
 */
export function naiveFeedbackScoring(
  target: VectorValue,
  feedback: readonly JudgedVector[],
  { a, b, c }: NaiveFeedback,
): Extract<Scoring, { kind: 'weightedSum' }> {
  const judged = feedback.map(({ vector, score }): WeightedExample => {
    let weight = 0;
    for (const other of feedback) {
      const confidence = score - other.score;
      if (confidence !== 0) weight += Math.sign(confidence) * Math.abs(confidence) ** b;
    }
    weight *= c;
    if (!Number.isFinite(weight)) {
      throw new TributaryError('bad_request', 'the feedback weighs more than a number can say');
    }
    return { example: vector, weight };
  });
  return { kind: 'weightedSum', terms: [{ example: target, weight: a }, ...judged] };
}
