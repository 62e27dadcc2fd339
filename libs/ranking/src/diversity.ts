// Maximal marginal relevance (Carbonell and Goldstein, 1998): picks what is near to the query and unlike what was
// picked.

import type { VectorValue } from '@tributary/model';
import type { Similarity } from './similarity.ts';

export interface DiversityOptions {
  /** What relevance is measured against. */
  readonly query: VectorValue;
  /** In [0, 1]; 0 ranks by relevance alone. */
  readonly diversity: number;
  readonly limit: number;
  readonly similarity: Similarity;
}

/**
 * At most `limit` candidates in the order they are picked. `candidates` are sorted best first: the first is picked
 * first; then whichever has the greatest (1 - diversity) * similarity to the query - diversity * greatest similarity to
 * one picked, the earlier one of equals.
 */
export function maximalMarginalRelevance<T extends { readonly vector: VectorValue }>(
  candidates: readonly T[],
  { query, diversity, limit, similarity }: DiversityOptions,
): T[] {
  const [first, ...others] = candidates;
  if (first === undefined || limit === 0) return [];
  const picked: T[] = [first];
  const pending = others.map((candidate) => ({
    candidate,
    relevance: similarity(query, candidate.vector),
    nearestPicked: similarity(candidate.vector, first.vector),
  }));
  while (picked.length < limit && pending.length > 0) {
    let bestIndex = 0;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const [i, { relevance, nearestPicked }] of pending.entries()) {
      const score = (1 - diversity) * relevance - diversity * nearestPicked;
      if (score <= bestScore) continue;
      bestScore = score;
      bestIndex = i;
    }
    const [best] = pending.splice(bestIndex, 1);
    if (best === undefined) break;
    picked.push(best.candidate);
    for (const other of pending) {
      const near = similarity(other.candidate.vector, best.candidate.vector);
      other.nearestPicked = Math.max(other.nearestPicked, near);
    }
  }
  return picked;
}
