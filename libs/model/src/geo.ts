// Places on the earth, taken as a sphere, and the areas filters ask about. V8 computes sines in software, so one
// version of Node gives the same bits on every machine: filters are part of what replicas apply alike.

import { numberOfValue } from './exact-number.ts';
import type { GeoPoint } from './filter.ts';
import type { JsonValue } from './json.ts';
import { isJsonObject } from './payload-codec.ts';

/** Mean radius by the International Union of Geodesy and Geophysics, as Qdrant's clients take it. */
const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

/**
 * The place a payload value names by numbers `lon` and `lat`; undefined where it names none on the earth. Beyond a pole
 * the distance would be that to another place than the one an order of latitudes has there.
 */
export function geoPointOf(value: JsonValue): GeoPoint | undefined {
  if (!isJsonObject(value)) return undefined;
  const lon = numberOfValue(value.lon);
  const lat = numberOfValue(value.lat);
  if (lon === undefined || lat === undefined) return undefined;
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? { lon, lat } : undefined;
}

/** Haversine distance in metres. */
export function geoDistanceM(a: GeoPoint, b: GeoPoint): number {
  const latitude = Math.sin(((b.lat - a.lat) * RADIANS) / 2);
  const longitude = Math.sin(((b.lon - a.lon) * RADIANS) / 2);
  const square =
    latitude * latitude +
    Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * longitude * longitude;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, square)));
}

/** A range of latitudes, in degrees, outside which nothing lies within `radiusM` of the centre. */
export function latitudesWithin(center: GeoPoint, radiusM: number): { from: number; to: number } {
  // A hair wider, because the distance is rounded.
  const degrees = (radiusM / EARTH_RADIUS_M / RADIANS) * (1 + 1e-9) + 1e-9;
  return { from: center.lat - degrees, to: center.lat + degrees };
}

/** All four sides exclusive; a left side east of the right one crosses the antimeridian. */
export function isInBox(point: GeoPoint, topLeft: GeoPoint, bottomRight: GeoPoint): boolean {
  if (!(point.lat < topLeft.lat && point.lat > bottomRight.lat)) return false;
  const isEast = point.lon > topLeft.lon;
  const isWest = point.lon < bottomRight.lon;
  return topLeft.lon > bottomRight.lon ? isEast || isWest : isEast && isWest;
}

/** Inside the exterior ring and in no interior one; boundaries are outside. */
export function isInPolygon(
  point: GeoPoint,
  exterior: readonly GeoPoint[],
  interiors: readonly (readonly GeoPoint[])[],
): boolean {
  if (placeInRing(point, exterior) !== 'inside') return false;
  return interiors.every((ring) => placeInRing(point, ring) === 'outside');
}

/** By the even-odd rule, in the plane of longitude and latitude. */
function placeInRing(point: GeoPoint, ring: readonly GeoPoint[]): 'inside' | 'outside' | 'edge' {
  let isInside = false;
  for (let i = 1; i < ring.length; i++) {
    const from = ring[i - 1];
    const to = ring[i];
    if (from === undefined || to === undefined) break;
    if (isOnEdge(point, from, to)) return 'edge';
    if (from.lat > point.lat === to.lat > point.lat) continue;
    const crossing =
      ((to.lon - from.lon) * (point.lat - from.lat)) / (to.lat - from.lat) + from.lon;
    if (point.lon < crossing) isInside = !isInside;
  }
  return isInside ? 'inside' : 'outside';
}

function isOnEdge(point: GeoPoint, from: GeoPoint, to: GeoPoint): boolean {
  const east = point.lon - from.lon;
  const north = point.lat - from.lat;
  if (east * (to.lat - from.lat) !== north * (to.lon - from.lon)) return false;
  return east * (point.lon - to.lon) <= 0 && north * (point.lat - to.lat) <= 0;
}
