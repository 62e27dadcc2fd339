// Predicates of a field: bounds, and regions of the globe.

import type { Random } from '@tributary/runtime';
import type { Json, JsonObject } from './case.ts';
import { chance, fraction, pick } from './choices.ts';
import { makePlace } from './payload-generator.ts';

export function bounds(random: Random, bound: () => Json): JsonObject {
  const lower = () => [pick(random, ['gt', 'gte']), bound()] as const;
  const upper = () => [pick(random, ['lt', 'lte']), bound()] as const;
  return Object.fromEntries(pick(random, [[lower], [upper], [lower, upper]]).map((make) => make()));
}

/** The left edge of a box may be right of the right one where `mayCross`: then it crosses the antimeridian. */
export function geo(random: Random, mayCross = true): JsonObject {
  const { lon, lat } = makePlace(random);
  switch (random.integer(3)) {
    case 0:
      return { geo_radius: { center: makePlace(random), radius: fraction(random, 1e5, 8e6) } };
    case 1:
      return { geo_bounding_box: box(random, mayCross) };
    default: {
      const [x, y] = [Number(lon) / 3, Number(lat) / 3];
      const ring = (reach: number) => {
        const corner = { lon: x - reach, lat: y - reach };
        const others = [
          { lon: x + reach, lat: y - reach / 3 },
          { lon: x + reach / 2, lat: y + reach },
        ];
        return { points: [corner, ...others, corner] };
      };
      const hole = chance(random, 0.6) && { interiors: [ring(45.05)] };
      return { geo_polygon: { exterior: ring(60.05), ...hole } };
    }
  }
}

function box(random: Random, mayCross: boolean): JsonObject {
  const edges = [fraction(random, -179, 179), fraction(random, -179, 179)];
  const [left = 0, right = 0] = mayCross ? edges : edges.sort((a, b) => a - b);
  return {
    top_left: { lon: left, lat: fraction(random, 0, 85) },
    bottom_right: { lon: right, lat: fraction(random, -85, 0) },
  };
}
