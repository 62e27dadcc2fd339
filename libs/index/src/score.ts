// Between the kernel's scores (larger is nearer) and the distances' conventions.

import type { Distance } from '@tributary/model';
import type { TopK } from './top-k.ts';
import type { IndexHits } from './vector-index.ts';

/** Squaring a bound rounds; the kernel's bound lies this much outside and `toHits` cuts exactly. */
const SQUARE_SLACK = 1e-5;

/** What the kernel's scores must be above for the score to be within the threshold. */
export function scoreBound(distance: Distance, threshold: number | undefined): number | undefined {
  if (threshold === undefined) return undefined;
  const bound = Math.fround(threshold);
  switch (distance) {
    case 'Cosine':
    case 'Dot':
      return bound;
    case 'Manhattan':
      return -bound;
    case 'Euclid':
      return bound <= 0 ? 0 : -bound * bound * (1 + SQUARE_SLACK);
  }
}

/** Empties `top`; the scores are in the distance's convention and strictly within the threshold. */
export function toHits(top: TopK, distance: Distance, threshold: number | undefined): IndexHits {
  const { offsets, scores } = top.drain();
  if (distance === 'Cosine' || distance === 'Dot') return { offsets, scores };
  for (let i = 0; i < scores.length; i++) {
    const nearness = scores[i] ?? 0;
    // Zero is written without a sign.
    scores[i] = distance === 'Euclid' ? Math.sqrt(0 - nearness) : 0 - nearness;
  }
  if (threshold === undefined) return { offsets, scores };
  const bound = Math.fround(threshold);
  const beyond = scores.findIndex((score) => score >= bound);
  if (beyond === -1) return { offsets, scores };
  return { offsets: offsets.subarray(0, beyond), scores: scores.subarray(0, beyond) };
}
