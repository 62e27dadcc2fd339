// A deterministic embedding: every word is a direction of its own making, a text is the sum of its words at unit
// length.

import { createHash } from 'node:crypto';

const SIZE = 32;

/** Unit length; alike where texts share words. */
export function wordVector(text: string): number[] {
  const sum = new Array<number>(SIZE).fill(0);
  for (const word of text.toLowerCase().split(/\W+/)) {
    const digest = createHash('sha256').update(word).digest();
    for (let i = 0; i < SIZE; i += 1) sum[i] = (sum[i] ?? 0) + (digest[i] ?? 0) - 127.5;
  }
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}
