// BM25 over a text index, by what all shards together know of the terms of a text.

import type { TextScoring, TextStatistics } from '@tributary/model';
import { inverseDocumentFrequency } from './inverse-frequency.ts';

/** Statistics of one text in parts of a collection, added up. */
export function sumTextStatistics(parts: readonly TextStatistics[]): TextStatistics {
  const frequencies = new Map<string, number>();
  let [documents, tokens] = [0, 0];
  for (const part of parts) {
    documents += part.documents;
    tokens += part.tokens;
    for (const { term, frequency } of part.terms) {
      frequencies.set(term, (frequencies.get(term) ?? 0) + frequency);
    }
  }
  const terms = [...frequencies].map(([term, frequency]) => ({ term, frequency }));
  return { documents, tokens, terms: terms.sort((a, b) => (a.term < b.term ? -1 : 1)) };
}

/** The scoring of a text by its statistics. A term counts once, however often the text has it. */
export function textScoring(
  { documents, tokens, terms }: TextStatistics,
  { k, b }: { readonly k: number; readonly b: number },
): TextScoring {
  const weighed = terms.map(({ term, frequency }) => {
    return { term, weight: inverseDocumentFrequency(documents, frequency) };
  });
  // Without documents nothing is scored, and any length will do.
  return {
    kind: 'text',
    terms: weighed,
    k,
    b,
    averageLength: documents === 0 ? 1 : tokens / documents,
  };
}
