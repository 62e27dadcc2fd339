// The distances among a random sample of a collection's points: each with its nearest within the sample.

import type { CollectionState } from '@tributary/metadata';
import {
  comparePointIds,
  type DistanceMatrix,
  type Filter,
  ID_ONLY,
  type MatrixRequest,
  type ScoredPoint,
  type Scoring,
} from '@tributary/model';
import { checkVectorName } from '@tributary/qdrant-api';
import { endInSlices, mapSteps, type Random } from '@tributary/runtime';
import { allOf, onlyThese } from './filters.ts';
import type { Reading, ShardReads } from './shard-reads.ts';
import { weighTerms } from './term-weighing.ts';

const SEED_MAX = 2 ** 31;
/** Between two calls a replica may commit: no write waits for all searches of a large sample. */
const SEARCHES_PER_CALL = 256;
const ROWS_PER_STEP = 20;

/** Errors: `wrong_input` for an unknown vector name, and those of `ShardReads`. */
export async function distanceMatrix(
  collection: CollectionState,
  { filter, sample, limit, using }: MatrixRequest,
  { reads, random }: { readonly reads: ShardReads; readonly random: Random },
  reading: Reading,
): Promise<DistanceMatrix> {
  checkVectorName(using, collection.config);
  const having: Filter = { must: [{ kind: 'hasVector', name: using }] };
  const chosen = await reads.sample(
    collection,
    {
      filter: allOf(filter, having) ?? having,
      limit: sample,
      seed: random.integer(SEED_MAX),
      projection: { payload: { kind: 'none' }, vectors: { kind: 'names', names: [using] } },
    },
    reading,
  );
  const points = chosen
    .sort((a, b) => comparePointIds(a.id, b.id))
    .flatMap(({ id, vectors }) => {
      const vector = vectors?.[using];
      return vector === undefined ? [] : [{ id, vector }];
    });
  if (points.length < 2) return { ids: [], rows: [] };
  const ids = points.map(({ id }) => id);
  const among = onlyThese(ids);
  const nearest = points.map(({ vector }) => {
    return { using, scoring: { kind: 'nearest', vector } satisfies Scoring };
  });
  const scorings = await weighTerms(collection, nearest, reads, reading);
  // One filter of all of them: it travels once a call, and a replica evaluates it once.
  const queries = scorings.map((scoring) => ({
    scoring,
    using,
    filter: among,
    // The point itself is among the nearest, or else crowded out by as many others as are asked for.
    limit: limit + 1,
    params: { exact: true },
    projection: ID_ONLY,
  }));
  const lists: ScoredPoint[][] = [];
  for (let from = 0; from < queries.length; from += SEARCHES_PER_CALL) {
    const some = queries.slice(from, from + SEARCHES_PER_CALL);
    lists.push(...(await reads.search(collection, some, reading)));
  }
  const rows = mapSteps(ids, ROWS_PER_STEP, (self, i) =>
    (lists[i] ?? [])
      .filter(({ id }) => id !== self)
      .slice(0, limit)
      .map(({ id, score }) => ({ id, score })),
  );
  return { ids, rows: await endInSlices(rows) };
}
