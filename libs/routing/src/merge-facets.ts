// Adds up what the shards counted.

import { compareFacetValues, type FacetHit } from '@tributary/model';
import { mapSteps, type Steps, sortSteps, visitSteps } from '@tributary/runtime';

const VALUES_PER_STEP = 1_000;

/** The `limit` most frequent values, equal counts in the order of their values. */
export function* mergeFacetSteps(
  shards: readonly (readonly FacetHit[])[],
  limit: number,
): Steps<FacetHit[]> {
  const counts = new Map<FacetHit['value'], number>();
  for (const hits of shards) {
    yield* visitSteps(hits, VALUES_PER_STEP, ({ value, count }) => {
      counts.set(value, (counts.get(value) ?? 0) + count);
    });
  }
  const hits = yield* mapSteps([...counts], VALUES_PER_STEP, ([value, count]) => ({
    value,
    count,
  }));
  const sorted = yield* sortSteps(
    hits,
    (a, b) => b.count - a.count || compareFacetValues(a.value, b.value),
  );
  return sorted.slice(0, limit);
}
