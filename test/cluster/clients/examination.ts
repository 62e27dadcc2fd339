// The examples and what brute force finds among them, as a JSON document for clients in other languages.

import { EXAMPLE_FILTERS, pointsOf } from './example-filters.ts';
import {
  DIMENSION,
  EXAMPLE_POINTS,
  type ExampleDistance,
  exactJson,
  inIdOrder,
  NAMED_DISTANCES,
  nearestTo,
  waveAt,
} from './example-points.ts';
import { idsOf, pointAt } from './expectations.ts';

const QUERY = Array.from({ length: DIMENSION }, (_, i) => waveAt(70_000 + i));

export function examination(): string {
  const byName = Object.entries(NAMED_DISTANCES).map(
    ([name, distance]) => [name, nearestTo(QUERY, distance)] as const,
  );
  const cosine: ExampleDistance = 'Cosine';
  return exactJson({
    query: QUERY,
    points: EXAMPLE_POINTS,
    idsInOrder: idsOf(inIdOrder(EXAMPLE_POINTS)),
    namedDistances: NAMED_DISTANCES,
    hitsByName: Object.fromEntries(byName),
    filters: EXAMPLE_FILTERS.map((example) => ({
      name: example.name,
      filter: example.filter,
      ids: idsOf(inIdOrder(pointsOf(example))),
      hits: nearestTo(QUERY, cosine, pointsOf(example)),
    })),
    byId: [0, 1, 2, 5].map((index) => {
      const { id, vector } = pointAt(index);
      const others = nearestTo(vector, cosine).filter((hit) => hit.id !== id);
      return { id, hits: others.slice(0, 4) };
    }),
  });
}
