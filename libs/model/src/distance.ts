// The distances and their score conventions: Cosine and Dot, higher is better; Euclid and Manhattan, lower is better.
// A Cosine collection stores vectors L2-normalised (done once, at the gateway), so its score is the dot product.

export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan';

export const DISTANCES: readonly Distance[] = ['Cosine', 'Dot', 'Euclid', 'Manhattan'];

export function higherIsBetter(distance: Distance): boolean {
  return distance === 'Cosine' || distance === 'Dot';
}
