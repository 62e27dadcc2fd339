// The order of values that as many points have: numbers by size, texts by the bytes of their UTF-8, as Qdrant has it.

import type { FacetHit } from './query.ts';

/** Numbers and booleans come before texts. */
export function compareFacetValues(a: FacetHit['value'], b: FacetHit['value']): number {
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b);
  if (typeof a === 'string') return 1;
  if (typeof b === 'string' || a < b) return -1;
  return a > b ? 1 : 0;
}

/** UTF-16 has the characters beyond U+FFFF, in two units each, before those from U+E000 on; their bytes come after. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left === right) continue;
    const isPair = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
    if (isPair(left) !== isPair(right) && left >= 0xd800 && right >= 0xd800) {
      return isPair(left) ? 1 : -1;
    }
    return left - right;
  }
  return a.length - b.length;
}
