import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { GeoPoint } from './filter.ts';
import { geoDistanceM, geoPointOf, isInBox, isInPolygon, latitudesWithin } from './geo.ts';
import { WholeFloat } from './whole-float.ts';

const BERLIN = { lon: 13.405, lat: 52.52 };
const LONDON = { lon: -0.1278, lat: 51.5074 };
const point: fc.Arbitrary<GeoPoint> = fc.record({
  lon: fc.double({ min: -180, max: 180, noNaN: true }),
  lat: fc.double({ min: -90, max: 90, noNaN: true }),
});

test('distances are those of a sphere: a quarter of a meridian, and a known pair of cities', () => {
  const quarter = geoDistanceM({ lon: 0, lat: 0 }, { lon: 0, lat: 90 });
  assert.ok(Math.abs(quarter - (6_371_008.8 * Math.PI) / 2) < 1e-3);
  const cities = geoDistanceM(BERLIN, LONDON);
  assert.ok(cities > 930_000 && cities < 932_000, String(cities));
});

test('distance equals the angle between the directions from the centre of the earth', () => {
  const direction = ({ lon, lat }: GeoPoint) => {
    const [east, north] = [(lon * Math.PI) / 180, (lat * Math.PI) / 180];
    const level = Math.cos(north);
    return [level * Math.cos(east), level * Math.sin(east), Math.sin(north)] as const;
  };
  fc.assert(
    fc.property(point, point, (a, b) => {
      const [p, q] = [direction(a), direction(b)];
      const chord = Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
      const expected = 2 * 6_371_008.8 * Math.asin(Math.min(1, chord / 2));
      assert.ok(Math.abs(geoDistanceM(a, b) - expected) < 1, `${geoDistanceM(a, b)} ${expected}`);
    }),
  );
});

test('nothing within a radius lies outside its latitudes', () => {
  fc.assert(
    fc.property(point, point, (center, other) => {
      const radiusM = geoDistanceM(center, other);
      const { from, to } = latitudesWithin(center, radiusM);
      assert.ok(other.lat >= from && other.lat <= to);
    }),
  );
});

test('the sides of a box are outside, and a box may cross the antimeridian', () => {
  const inBox = (lon: number, lat: number, west: number, east: number) =>
    isInBox({ lon, lat }, { lon: west, lat: 10 }, { lon: east, lat: -10 });
  assert.ok(inBox(0, 0, -5, 5));
  for (const [lon, lat] of [
    [-5, 0],
    [5, 0],
    [0, 10],
    [0, -10],
    [6, 0],
  ] as const) {
    assert.ok(!inBox(lon, lat, -5, 5), `${lon} ${lat}`);
  }
  assert.ok(inBox(179, 0, 170, -170) && inBox(-179, 0, 170, -170));
  assert.ok(!inBox(0, 0, 170, -170) && !inBox(170, 0, 170, -170));
});

test('a polygon holds what is inside its ring and in none of its holes, without the boundaries', () => {
  const square = (size: number): GeoPoint[] => [
    { lon: -size, lat: -size },
    { lon: size, lat: -size },
    { lon: size, lat: size },
    { lon: -size, lat: size },
    { lon: -size, lat: -size },
  ];
  const places = fc.record({
    lon: fc.integer({ min: -6, max: 6 }),
    lat: fc.integer({ min: -6, max: 6 }),
  });
  fc.assert(
    fc.property(places, (place) => {
      const reach = Math.max(Math.abs(place.lon), Math.abs(place.lat));
      assert.equal(isInPolygon(place, square(5), [square(2)]), reach < 5 && reach > 2);
      assert.equal(isInPolygon(place, square(5), []), reach < 5);
    }),
  );
  // An L: the corner cut out is outside.
  const corner: GeoPoint[] = [
    [0, 0],
    [4, 0],
    [4, 2],
    [2, 2],
    [2, 4],
    [0, 4],
    [0, 0],
  ].map(([lon = 0, lat = 0]) => ({ lon, lat }));
  assert.ok(isInPolygon({ lon: 1, lat: 3 }, corner, []));
  assert.ok(!isInPolygon({ lon: 3, lat: 3 }, corner, []));
});

test('only an object with numbers lon and lat, of the earth, is a place', () => {
  assert.deepEqual(geoPointOf({ lon: 1, lat: 2, name: 'x' }), { lon: 1, lat: 2 });
  assert.deepEqual(geoPointOf({ lon: new WholeFloat(1), lat: 2.5 }), { lon: 1, lat: 2.5 });
  for (const place of [
    { lon: 180, lat: -90 },
    { lon: -180, lat: 90 },
  ]) {
    assert.deepEqual(geoPointOf(place), place);
  }
  const beyond = [
    { lon: 180.1, lat: 0 },
    { lon: 0, lat: -90.1 },
    { lon: 1, lat: 360 },
  ];
  for (const value of [null, 1, 'a', [1, 2], {}, { lon: 1 }, { lon: '1', lat: 2 }, ...beyond]) {
    assert.equal(geoPointOf(value), undefined);
  }
});
