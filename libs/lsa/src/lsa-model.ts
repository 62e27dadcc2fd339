// A trained model: a vocabulary and, for each term, its place in the latent space.

import { assert } from '@tributary/runtime';
import { tokenise } from './tokenise.ts';
import { countTerms, type Vocabulary, weighTerms } from './vocabulary.ts';

export class LsaModel {
  readonly dimensions: number;
  readonly vocabulary: Vocabulary;
  /** Largest first; fewer than `dimensions` where the texts span fewer. */
  readonly singularValues: Float32Array;
  /** Row-major, one row a term, `dimensions` numbers a row. */
  readonly termVectors: Float32Array;

  constructor(parts: {
    dimensions: number;
    vocabulary: Vocabulary;
    singularValues: Float32Array;
    termVectors: Float32Array;
  }) {
    const terms = parts.vocabulary.indexes.size;
    assert(parts.vocabulary.weights.length === terms, 'each term has a weight');
    assert(parts.termVectors.length === terms * parts.dimensions, 'each term has a vector');
    this.dimensions = parts.dimensions;
    this.vocabulary = parts.vocabulary;
    this.singularValues = parts.singularValues;
    this.termVectors = parts.termVectors;
  }

  /**
   * Folds a text into the latent space: the weighted sum of its terms' vectors (S. Deerwester et al., "Indexing by
   * latent semantic analysis", JASIS 41(6), 1990). Returns `dimensions` numbers of unit length, so that a dot product
   * is a cosine; all zero where the model knows no word of the text.
   */
  embed(text: string): Float32Array {
    const sum = new Float64Array(this.dimensions);
    for (const [term, weight] of weighTerms(countTerms(tokenise(text)), this.vocabulary)) {
      const base = term * this.dimensions;
      for (let d = 0; d < this.dimensions; d++) {
        sum[d] = (sum[d] as number) + weight * (this.termVectors[base + d] as number);
      }
    }
    const length = Math.hypot(...sum);
    const scale = length > Number.EPSILON ? 1 / length : 0;
    return Float32Array.from(sum, (value) => value * scale);
  }
}
