// Queries that rank by the text index of a payload field.

import type { IndexHits, IndexSearch, PayloadIndexes } from '@tributary/index';
import type {
  SearchExplanation,
  TextQuery,
  TextStatistics,
  TextStatisticsQuery,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { Selection } from './selection.ts';

export interface TextSearchOptions {
  readonly payloadIndexes: PayloadIndexes;
  readonly limit: number;
  /** Only these points are found. */
  readonly selection: Selection | undefined;
  readonly tieOrder: IndexSearch['tieOrder'];
}

/** The hits, best first. Errors: `bad_request` where the field has no text index with scoring. */
export function searchText(query: TextQuery, options: TextSearchOptions): IndexHits {
  const { scoring, scoreThreshold, using } = query;
  const { payloadIndexes, limit, selection, tieOrder } = options;
  const hits = payloadIndexes.searchText(using, scoring, {
    limit,
    ...(selection && { accept: selection.offsets }),
    ...(scoreThreshold !== undefined && { scoreThreshold }),
    ...(tieOrder && { tieOrder }),
  });
  return hits ?? refuse(using, payloadIndexes);
}

/** Errors: `bad_request` where the field has no text index with scoring. */
export function textStatisticsOf(
  { field, text }: TextStatisticsQuery,
  payloadIndexes: PayloadIndexes,
  selection: Selection | undefined,
): TextStatistics {
  const statistics = payloadIndexes.textStatistics(field, text, selection?.offsets);
  return statistics ?? refuse(field, payloadIndexes);
}

/** How `searchText` would go about it. */
export function explainText(
  { using, limit }: TextQuery,
  payloadIndexes: PayloadIndexes,
): SearchExplanation {
  const texts = payloadIndexes.pointsByField()[using] ?? 0;
  const counts = { vectors: texts, indexed: texts, segments: 0 };
  return { method: 'lists', limit, ef: limit, exact: true, ...counts };
}

function refuse(field: string, payloadIndexes: PayloadIndexes): never {
  const has = payloadIndexes.indexOf(field)?.type === 'text';
  throw new TributaryError(
    'bad_request',
    has
      ? `The text index on \`${field}\` does not score: create it with \`scoring: true\` to query it`
      : `A text query needs a text index with \`scoring\` on field \`${field}\`, which has none`,
  );
}
