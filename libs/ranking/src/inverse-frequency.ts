// Weighs the values of a sparse query by how rare their terms are in the collection.

import type { SparseVector, TermStatistics } from '@tributary/model';

/** ln((points - frequency + 0.5) / (frequency + 0.5) + 1): the inverse document frequency of BM25. */
export function inverseDocumentFrequency(points: number, frequency: number): number {
  return Math.log((points - frequency + 0.5) / (frequency + 0.5) + 1);
}

/** Statistics of the same terms in parts of a collection, added up. */
export function sumTermStatistics(parts: readonly TermStatistics[]): TermStatistics {
  const frequencies: number[] = [];
  let points = 0;
  for (const part of parts) {
    points += part.points;
    for (const [i, count] of part.frequencies.entries()) {
      frequencies[i] = (frequencies[i] ?? 0) + count;
    }
  }
  return { points, frequencies };
}

/** Inverse document frequencies by term; `statistics` are of `indices`. */
export function termWeights(
  indices: Uint32Array,
  statistics: TermStatistics,
): ReadonlyMap<number, number> {
  const { points, frequencies } = statistics;
  return new Map(
    Array.from(indices, (index, i) => [
      index,
      inverseDocumentFrequency(points, frequencies[i] ?? 0),
    ]),
  );
}

/** The vector with each value multiplied by the weight of its term; a term without a weight keeps its value. */
export function weighted(
  { indices, values }: SparseVector,
  weights: ReadonlyMap<number, number>,
): SparseVector {
  const product = values.map((value, i) => value * (weights.get(indices[i] ?? 0) ?? 1));
  return { indices, values: product };
}
