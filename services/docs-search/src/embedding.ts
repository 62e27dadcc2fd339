// Passages and questions to vectors: where the model places the text, and one number more for the brevity of a passage.

import { type LsaModel, tokenise, train } from '@tributary/lsa';
import { embeddedText, type Passage } from './passage.ts';

export const DIMENSIONS = 256;
const MODEL_DIMENSIONS = DIMENSIONS - 1;
const SEED = 20_241;
/** A passage of so many known terms scores √½ of what one without end and with the same sense would. */
const HALF_TERMS = 4;

/** Calls `onProgress` with the share of the work done, 0 .. 1. */
export function trainOnPassages(
  passages: readonly Passage[],
  onProgress?: (share: number) => void,
): LsaModel {
  return train(passages.map(embeddedText), {
    dimensions: MODEL_DIMENSIONS,
    seed: SEED,
    ...(onProgress && { onProgress }),
  });
}

/**
 * Unit length. A passage of three words is all about each of them, and so nearer to any question that has one than a
 * passage that answers it. The last number turns such a passage away from questions, in which it is 0.
 */
export function passageVector(model: LsaModel, passage: Passage): number[] {
  const terms = new Set(tokenise(passage.text)).intersection(model.vocabulary.indexes);
  const weight = Math.sqrt(terms.size / (terms.size + HALF_TERMS));
  const sense = model.embed(embeddedText(passage));
  return [...sense.map((value) => value * weight), Math.sqrt(1 - weight * weight)];
}

/** Unit length; all zero where the model knows no word of the question. */
export function questionVector(model: LsaModel, question: string): number[] {
  return [...model.embed(question), 0];
}
