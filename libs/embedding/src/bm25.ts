// BM25 as a sparse vector: a dimension for each term, named by the hash of its stem, and as value what its frequency in
// the text is worth. How rare a term is weighs it when it is searched for, by the modifier `idf` of the sparse vector.
//
//   value = tf (k + 1) / (tf + k (1 - b + b length / averageLength))
//
// Terms are those of a text index of the same options. Dimensions and values are, to the bit, those that Qdrant's
// server and its library fastembed make: the absolute value of the signed 32-bit MurmurHash3 of the term's UTF-8.

import { createTextAnalyser, type SparseVector } from '@tributary/model';
import { parseBm25Options } from '@tributary/qdrant-api';
import murmurhash from 'murmurhash';
import type { Embedded, EmbeddingModel } from './embedding-model.ts';

export const bm25: EmbeddingModel = {
  name: 'qdrant/bm25',
  configure: (options) => {
    const { k, b, averageLength, analysis } = parseBm25Options(options, 'options');
    const { documentTokens, queryTokens } = createTextAnalyser(analysis);
    return {
      document: (text) => {
        const terms = documentTokens(text);
        const length = k * (1 - b + (b * terms.length) / averageLength);
        return embedded(terms, (frequency) => (frequency * (k + 1)) / (frequency + length));
      },
      query: (text) => embedded(queryTokens(text), () => 1),
    };
  },
};

function embedded(terms: readonly string[], weigh: (frequency: number) => number): Embedded {
  const frequencies = new Map<string, number>();
  for (const term of terms) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  // Of two terms with one hash the later one counts.
  const values = new Map<number, number>();
  for (const [term, frequency] of frequencies) values.set(dimensionOf(term), weigh(frequency));
  return { vector: sparse(values), tokens: terms.length };
}

function dimensionOf(term: string): number {
  return Math.abs(murmurhash.v3(Buffer.from(term), 0) | 0);
}

function sparse(values: ReadonlyMap<number, number>): SparseVector {
  const indices = Uint32Array.from(values.keys()).sort();
  return { indices, values: Float32Array.from(indices, (index) => values.get(index) ?? 0) };
}
