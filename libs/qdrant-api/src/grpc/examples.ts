// The vectors and points that a query names as examples, in the older and the newer encoding.

import type { ExamplePair, RecommendStrategy, VectorExample } from '@tributary/model';
import { formatError } from '../errors.ts';
import {
  type ContextExamplePair,
  type ContextInputPair,
  RecommendStrategy as RecommendStrategyNumber,
  type VectorExample as VectorExampleMessage,
  type VectorInput,
} from '../gen/points.ts';
import { exampleOf } from '../requests/query-variant.ts';
import { readPointId } from './ids.ts';
import { readEncoded, readVector } from './vectors.ts';

export function readExample(input: VectorInput | undefined, path: string): VectorExample {
  if (input?.id !== undefined) return { kind: 'id', id: readPointId(input.id, path) };
  const vector = input && readEncoded(input, path);
  if (vector === undefined) throw formatError(`${path}: expected a vector or a point id`);
  return exampleOf(vector);
}

export function readOldExample(
  message: VectorExampleMessage | undefined,
  path: string,
): VectorExample {
  const { id, vector } = message ?? {};
  if (id !== undefined) return { kind: 'id', id: readPointId(id, path) };
  if (vector === undefined) throw formatError(`${path}: expected a vector or a point id`);
  return exampleOf(readVector(vector, path));
}

export function readPairs(pairs: readonly ContextInputPair[], path: string): ExamplePair[] {
  return pairs.map(({ positive, negative }, i) => ({
    positive: readExample(positive, `${path}[${i}].positive`),
    negative: readExample(negative, `${path}[${i}].negative`),
  }));
}

export function readOldPairs(pairs: readonly ContextExamplePair[], path: string): ExamplePair[] {
  return pairs.map(({ positive, negative }, i) => ({
    positive: readOldExample(positive, `${path}[${i}].positive`),
    negative: readOldExample(negative, `${path}[${i}].negative`),
  }));
}

export function strategyOf(strategy: number | undefined): RecommendStrategy {
  switch (strategy) {
    case undefined:
    case RecommendStrategyNumber.AverageVector:
      return 'average_vector';
    case RecommendStrategyNumber.BestScore:
      return 'best_score';
    case RecommendStrategyNumber.SumScores:
      return 'sum_scores';
    default:
      throw formatError('strategy: unknown strategy');
  }
}
