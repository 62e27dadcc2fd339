// Adds up what the shards counted.

import type { FacetHit } from '@tributary/model';

/** The `limit` most frequent values, equal counts in the order of their values: numbers, then the others as text. */
export function mergeFacets(shards: readonly (readonly FacetHit[])[], limit: number): FacetHit[] {
  const counts = new Map<FacetHit['value'], number>();
  for (const { value, count } of shards.flat()) counts.set(value, (counts.get(value) ?? 0) + count);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || compareValues(a.value, b.value))
    .slice(0, limit);
}

function compareValues(a: FacetHit['value'], b: FacetHit['value']): number {
  const isText = (value: FacetHit['value']) => typeof value === 'string';
  if (isText(a) !== isText(b)) return isText(a) ? 1 : -1;
  if (a < b) return -1;
  return a > b ? 1 : 0;
}
