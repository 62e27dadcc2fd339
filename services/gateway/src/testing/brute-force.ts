// Scores a point by the definitions of the model, one at a time.

import {
  type CollectionConfig,
  type ContextPair,
  type Distance,
  isSparse,
  type Scoring,
  type VectorQuery,
  type VectorValue,
} from '@tributary/model';
import { similarityOf } from '@tributary/ranking';

/** The score in the query's own convention; undefined where a sparse query has no term in common with the vector. */
export function bruteForceScore(
  config: CollectionConfig,
  { scoring, using }: VectorQuery,
  vector: VectorValue,
): number | undefined {
  const distance = config.vectors[using]?.distance ?? 'Dot';
  // Float32, as an index has it.
  const similarity = (example: VectorValue) => Math.fround(similarityOf(distance)(example, vector));
  if (scoring.kind !== 'nearest') return Math.fround(byExamples(scoring, similarity));
  if (isSparse(scoring.vector) && isSparse(vector)) {
    const terms = new Set(scoring.vector.indices);
    if (!vector.indices.some((index) => terms.has(index))) return undefined;
  }
  return Math.fround(reported(distance, similarity(scoring.vector)));
}

function reported(distance: Distance, similarity: number): number {
  if (distance === 'Euclid') return Math.sqrt(Math.abs(similarity));
  return distance === 'Manhattan' ? Math.abs(similarity) : similarity;
}

function byExamples(
  scoring: Exclude<Scoring, { kind: 'nearest' }>,
  similarity: (example: VectorValue) => number,
): number {
  const margin = ({ positive, negative }: ContextPair) =>
    similarity(positive) - similarity(negative);
  switch (scoring.kind) {
    case 'bestScore': {
      const positive = Math.max(...scoring.positives.map(similarity));
      const negative = Math.max(...scoring.negatives.map(similarity));
      return positive > negative ? squashed(positive) : -squashed(negative);
    }
    case 'sumScores':
      return sum(scoring.positives.map(similarity)) - sum(scoring.negatives.map(similarity));
    case 'discover': {
      const rank = sum(scoring.context.map((pair) => Math.sign(margin(pair))));
      return rank + squashed(similarity(scoring.target));
    }
    case 'weightedSum':
      return sum(scoring.terms.map(({ example, weight }) => weight * similarity(example)));
    case 'context':
      return sum(scoring.context.map((pair) => sigmoid(Math.min(margin(pair) - 2 ** -23, 0))));
  }
}

function squashed(x: number): number {
  return (sigmoid(x) + 1) / 2;
}

function sigmoid(x: number): number {
  return x / (1 + Math.abs(x));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
