// Weighs the query values of sparse vectors whose modifier is `idf`, by how rare their terms are in the whole collection.

import type { CollectionState } from '@tributary/metadata';
import type { Scoring } from '@tributary/model';
import { termWeights, weighted } from '@tributary/ranking';
import { mapSparse } from './query-examples.ts';
import type { Reading, ShardReads } from './shard-reads.ts';

interface Weighable {
  readonly using: string;
  readonly scoring: Scoring;
}

export function isWeighed({ config }: CollectionState, using: string): boolean {
  const sparse = config.sparseVectors;
  if (sparse === undefined || !Object.hasOwn(sparse, using)) return false;
  return sparse[using]?.modifier === 'idf';
}

/** The scorings in their order; one look at the statistics for each vector name that is weighed. */
export async function weighTerms(
  collection: CollectionState,
  scorings: readonly Weighable[],
  reads: ShardReads,
  reading: Reading,
): Promise<Scoring[]> {
  const names = new Set(
    scorings.map(({ using }) => using).filter((name) => isWeighed(collection, name)),
  );
  const weights = new Map(
    await Promise.all(
      [...names].map(async (using) => {
        const indices = termsOf(scorings.filter((each) => each.using === using));
        const statistics = await reads.termStatistics(collection, { using, indices }, reading);
        return [using, termWeights(indices, statistics)] as const;
      }),
    ),
  );
  return scorings.map(({ scoring, using }) => {
    const ofName = weights.get(using);
    if (ofName === undefined) return scoring;
    return mapSparse(scoring, (vector) => weighted(vector, ofName));
  });
}

function termsOf(scorings: readonly Weighable[]): Uint32Array {
  const terms = new Set<number>();
  for (const { scoring } of scorings) {
    mapSparse(scoring, (vector) => {
      for (const index of vector.indices) terms.add(index);
      return vector;
    });
  }
  return Uint32Array.from(terms).sort();
}
