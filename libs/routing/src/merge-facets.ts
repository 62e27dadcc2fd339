// Adds up what the shards counted.

import { compareFacetValues, type FacetHit } from '@tributary/model';

/** The `limit` most frequent values, equal counts in the order of their values. */
export function mergeFacets(shards: readonly (readonly FacetHit[])[], limit: number): FacetHit[] {
  const counts = new Map<FacetHit['value'], number>();
  for (const { value, count } of shards.flat()) counts.set(value, (counts.get(value) ?? 0) + count);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || compareFacetValues(a.value, b.value))
    .slice(0, limit);
}
