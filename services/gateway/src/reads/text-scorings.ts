// The scorings of stages that rank by a text index. How rare terms are and how long texts are is asked of all shards
// first, so that scores do not depend on where points lie.

import type { CollectionState } from '@tributary/metadata';
import { filterKey, type QueryStage, type TextScoring } from '@tributary/model';
import { textScoring } from '@tributary/ranking';
import type { StageScoring } from './query-examples.ts';
import type { Reading, ShardReads } from './shard-reads.ts';

/**
 * One look at the statistics for each field, text and corpus. Errors: `bad_request` where the field has no index that
 * ranks.
 */
export async function scoreTexts(
  collection: CollectionState,
  stages: readonly QueryStage[],
  reads: ShardReads,
  reading: Reading,
): Promise<ReadonlyMap<QueryStage, StageScoring<TextScoring>>> {
  const asked = new Map<string, ReturnType<ShardReads['textStatistics']>>();
  const scorings = new Map<QueryStage, StageScoring<TextScoring>>();
  for (const stage of stages) {
    const { query, using, params } = stage;
    if (query?.kind !== 'text') continue;
    const { text } = query;
    const corpus = params.idf?.corpus;
    const key = JSON.stringify([using, text, corpus && filterKey(corpus)]);
    const statistics =
      asked.get(key) ??
      reads.textStatistics(
        collection,
        { field: using, text, ...(corpus && { filter: corpus }) },
        reading,
      );
    asked.set(key, statistics);
    scorings.set(stage, { scoring: textScoring(await statistics, query), excluded: [] });
  }
  return scorings;
}
