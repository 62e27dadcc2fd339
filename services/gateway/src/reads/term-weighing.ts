// Weighs the query values of sparse vectors whose modifier is `idf`, by how rare their terms are in the whole
// collection.

import type { CollectionState } from '@tributary/metadata';
import { type Filter, filterKey, type QueryStage, type Scoring } from '@tributary/model';
import { checkVectorName } from '@tributary/qdrant-api';
import { termWeights, weighted } from '@tributary/ranking';
import { TributaryError } from '@tributary/runtime';
import { mapSparse } from './query-examples.ts';
import type { Reading, ShardReads } from './shard-reads.ts';

interface Weighable {
  readonly using: string;
  /** The points whose terms are counted; all of them where there is none. */
  readonly corpus?: Filter | undefined;
  readonly scoring: Scoring;
}

export function isWeighed({ config }: CollectionState, using: string): boolean {
  const sparse = config.sparseVectors;
  if (sparse === undefined || !Object.hasOwn(sparse, using)) return false;
  return sparse[using]?.modifier === 'idf';
}

/** Errors: `wrong_input` where a search by vectors asks for what its vector does not have. */
export function checkIdf(collection: CollectionState, { query, using, params }: QueryStage): void {
  if (params.idf === undefined || isWeighed(collection, using)) return;
  switch (query?.kind) {
    case 'nearest':
    case 'recommend':
    case 'discover':
    case 'context':
    case 'relevanceFeedback':
      checkVectorName(using, collection.config);
      throw new TributaryError(
        'wrong_input',
        'the search parameter `idf` requires a sparse vector with the modifier `idf`, ' +
          `which vector ${JSON.stringify(using)} is not`,
      );
    default:
  }
}

/** The scorings in their order; one look at the statistics for each vector name and corpus. */
export async function weighTerms(
  collection: CollectionState,
  scorings: readonly Weighable[],
  reads: ShardReads,
  reading: Reading,
): Promise<Scoring[]> {
  const weighed = scorings.filter(({ using }) => isWeighed(collection, using));
  const weights = new Map(
    await Promise.all(
      [...Map.groupBy(weighed, populationOf)].map(async ([population, alike]) => {
        const [{ using, corpus } = { using: '' }] = alike;
        const indices = termsOf(alike);
        const query = { using, indices, ...(corpus && { filter: corpus }) };
        const statistics = await reads.termStatistics(collection, query, reading);
        return [population, termWeights(indices, statistics)] as const;
      }),
    ),
  );
  return scorings.map((each) => {
    const terms = weights.get(populationOf(each));
    if (terms === undefined) return each.scoring;
    return mapSparse(each.scoring, (vector) => weighted(vector, terms));
  });
}

/** The same for scorings whose terms are counted in the same vectors of the same points. */
function populationOf({ using, corpus }: Weighable): string {
  return JSON.stringify([using, corpus && filterKey(corpus)]);
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
