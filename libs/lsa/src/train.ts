// Training: count terms, weigh them, decompose the matrix of texts by terms. A function of the texts and the seed.

import { seededRandom, TributaryError } from '@tributary/runtime';
import { LsaModel } from './lsa-model.ts';
import { sparseMatrix } from './sparse-matrix.ts';
import { tokenise } from './tokenise.ts';
import { truncatedSvd } from './truncated-svd.ts';
import { buildVocabulary, countTerms, weighTerms } from './vocabulary.ts';

export interface TrainOptions {
  /** Length of the vectors. */
  readonly dimensions: number;
  readonly seed: number;
  /** Called with the share of the work done, 0 .. 1, never falling. */
  readonly onProgress?: (share: number) => void;
  /** Terms in fewer texts are left out; default 3. */
  readonly documentFrequencyMin?: number;
  /** Terms in a larger share of texts are left out; default 0.2. */
  readonly documentShareMax?: number;
  /** Default 24,000, which with 256 dimensions makes a model of 25 MB. */
  readonly termsMax?: number;
  /** Multiplications of the random basis by the matrix; default 3. */
  readonly iterations?: number;
}

const OVERSAMPLING = 16;
const COUNTING_SHARE = 0.1;
/** Found by judging answers; 0 would leave the vectors as they are, 1 make them all of unit length. */
const LEVELLING = 0.85;

/**
 * Trains a model on `texts` (S. Deerwester et al., "Indexing by latent semantic analysis", JASIS 41(6), 1990).
 * Runs to its end without yielding: some 5 s for 32,000 passages of 40 words in 256 dimensions.
 * Throws `wrong_input` where no term occurs often enough to be learnt.
 */
export function train(texts: readonly string[], options: TrainOptions): LsaModel {
  const { dimensions, onProgress } = options;
  const termCounts = texts.map((text, index) => {
    if (index % 1024 === 0) onProgress?.((COUNTING_SHARE * index) / texts.length);
    return countTerms(tokenise(text));
  });
  const vocabulary = buildVocabulary(termCounts, {
    documentFrequencyMin: options.documentFrequencyMin ?? 3,
    documentShareMax: options.documentShareMax ?? 0.2,
    termsMax: options.termsMax ?? 24_000,
  });
  if (vocabulary.indexes.size === 0) {
    throw new TributaryError('wrong_input', 'no term occurs in enough texts to be learnt');
  }
  const rows = termCounts.map((counts) => weighTerms(counts, vocabulary));
  const svd = truncatedSvd(sparseMatrix(rows, vocabulary.indexes.size), {
    rank: dimensions,
    random: seededRandom(options.seed),
    oversampling: OVERSAMPLING,
    iterations: options.iterations ?? 3,
    onProgress: (share) => onProgress?.(COUNTING_SHARE + (1 - COUNTING_SHARE) * share),
  });
  const rank = svd.singularValues.length;
  const termVectors = new Float32Array(vocabulary.indexes.size * dimensions);
  for (let term = 0; term < vocabulary.indexes.size; term++) {
    const vector = svd.rightVectors.subarray(term * rank, (term + 1) * rank);
    termVectors.set(levelled(vector), term * dimensions);
  }
  const singularValues = Float32Array.from(svd.singularValues);
  return new LsaModel({ dimensions, vocabulary, singularValues, termVectors });
}

/**
 * Brings a term's vector towards unit length. A term of many texts lies almost whole in the latent space, a rare one
 * only in part; as they are, the common words of a question drown the rare one that it is about.
 */
function levelled(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector);
  const scale = length > Number.EPSILON ? length ** -LEVELLING : 0;
  return vector.map((value) => value * scale);
}
