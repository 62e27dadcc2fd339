// What evaluators of filters are compared with each other on: generated filters over every condition, and payloads
// they meet.

import fc from 'fast-check';
import { payloads, scalars } from './arbitraries.ts';
import type { ExactNumber } from './exact-number.ts';
import type { Condition, Filter, GeoPoint, MatchValue } from './filter.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { PointId } from './point-id.ts';
import { WholeFloat } from './whole-float.ts';

const UUID = '550e8400-e29b-41d4-a716-446655440000';
const TEXTS = [
  ...['red', 'Red fox', 'the red fox', 'fox the', '2024-02-29', '2024-03-01T12:00:00Z'],
  ...[UUID, UUID.toUpperCase(), `{${UUID}}`, UUID.replaceAll('-', '')],
];
/** A microsecond apart, where doubles are two apart. */
const LATE_TEXTS = ['2300-01-01T00:00:00.000001Z', '2300-01-01 00:00:00.000002'];
const LATE_MICROS = BigInt(Date.UTC(2300, 0, 1)) * 1_000n;
/** Integers and floats that are one double, or next to it. */
const CLOSE: readonly (number | bigint)[] = [
  ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 1n, 2n ** 62n + 3n, 1n - 2n ** 62n, 2n ** 63n - 1n],
  ...[2 ** 53, 2 ** 62, -(2 ** 62), 2 ** 63],
  2n ** 64n - 1n,
];
const FEB_29_MICROS = Date.UTC(2024, 1, 29) * 1_000;

/** Few enough places that areas and points meet, on boundaries too. */
const place: fc.Arbitrary<GeoPoint> = fc.record({
  lon: fc.integer({ min: -3, max: 3 }),
  lat: fc.integer({ min: -3, max: 3 }),
});
const meeting: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(...TEXTS),
  fc.constantFrom<JsonValue>(...CLOSE, ...LATE_TEXTS),
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -3, max: 3 }).map((value) => new WholeFloat(value)),
  place.map((each): JsonObject => ({ ...each })),
);
const meetingObject: fc.Arbitrary<JsonObject> = fc.dictionary(
  fc.constantFrom('a', 'b'),
  fc.oneof(
    meeting,
    fc.array(meeting, { maxLength: 3 }),
    fc.array(fc.dictionary(fc.constantFrom('a', 'b'), meeting), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), meeting),
  ),
);

/** Any payload, and as often one whose values the generated filters are about. */
export const filterPayloads: fc.Arbitrary<JsonObject> = fc.oneof(payloads, meetingObject);

const matchValues = fc.oneof(
  scalars.filter((value): value is MatchValue => value !== null && !(value instanceof WholeFloat)),
  fc.constantFrom(...TEXTS),
  fc.constantFrom(...CLOSE),
);
const texts = fc.oneof(
  fc.constantFrom('red', 'FOX', 'the red', 'red fox', 'd f', '55', ' ', ''),
  fc.string({ maxLength: 2 }),
);

function ranges(bounds: fc.Arbitrary<ExactNumber>) {
  const bound = fc.option(bounds, { nil: undefined });
  return fc
    .record({ lt: bound, gt: bound, lte: bound, gte: bound })
    .map((range) =>
      Object.fromEntries(Object.entries(range).filter(([, limit]) => limit !== undefined)),
    );
}

const counts = ranges(fc.integer({ min: -3, max: 3 }));
const numberRanges = ranges(
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, ...CLOSE)),
);
const timeRanges = ranges(
  fc.constantFrom(
    ...[FEB_29_MICROS - 1, FEB_29_MICROS, FEB_29_MICROS + 1, 2 * FEB_29_MICROS],
    ...[LATE_MICROS, LATE_MICROS + 1n, LATE_MICROS + 2n],
  ),
);
const ring = fc
  .array(place, { minLength: 3, maxLength: 5 })
  .map((points) => [...points, ...points.slice(0, 1)]);

function keyed(keys: fc.Arbitrary<string>): fc.Arbitrary<Condition>[] {
  const of = <K extends Condition['kind']>(kind: K) => ({ kind: fc.constant(kind), key: keys });
  return [
    fc.record({ ...of('match'), value: matchValues }),
    fc.record({ ...of('matchAny'), any: fc.array(matchValues, { maxLength: 3 }) }),
    fc.record({ ...of('matchExcept'), except: fc.array(matchValues, { maxLength: 3 }) }),
    fc.record({ ...of('range'), range: numberRanges }),
    fc.record({ ...of('datetimeRange'), range: timeRanges }),
    fc.record({ ...of('valuesCount'), range: counts }),
    fc.record({ ...of('matchText'), text: texts }),
    fc.record({ ...of('matchTextAny'), text: texts }),
    fc.record({ ...of('matchPhrase'), phrase: texts }),
    fc.record({ ...of('matchPrefix'), prefix: texts }),
    fc.record({ ...of('matchSubstring'), substring: texts }),
    fc.record({ ...of('geoBoundingBox'), topLeft: place, bottomRight: place }),
    fc.record({ ...of('geoRadius'), center: place, radiusM: fc.constantFrom(0, 1, 111_195, 4e5) }),
    fc.record({ ...of('geoPolygon'), exterior: ring, interiors: fc.array(ring, { maxLength: 1 }) }),
    fc.record(of('isEmpty')),
    fc.record(of('isNull')),
  ];
}

/** Filters of every kind of condition, over keys and ids given. */
export function filtersOver(
  keys: fc.Arbitrary<string>,
  ids: fc.Arbitrary<PointId>,
): fc.Arbitrary<Filter> {
  return fc.letrec<{ filter: Filter; condition: Condition }>((tie) => {
    const conditions = fc.array(tie('condition'), { maxLength: 2 });
    return {
      filter: fc.record(
        {
          must: conditions,
          should: conditions,
          mustNot: conditions,
          minShould: fc.record({
            conditions: fc.array(tie('condition'), { maxLength: 3 }),
            minCount: fc.integer({ min: 1, max: 4 }),
          }),
        },
        { requiredKeys: [] },
      ),
      condition: fc.oneof(
        { maxDepth: 3 },
        ...keyed(keys),
        fc.record({ kind: fc.constant('hasId' as const), ids: fc.array(ids, { maxLength: 2 }) }),
        fc.record({ kind: fc.constant('hasVector' as const), name: fc.constantFrom('', 'image') }),
        fc.record({
          kind: fc.constant('version' as const),
          range: ranges(fc.integer({ min: 0, max: 9 })),
        }),
        fc.record({
          kind: fc.constant('slice' as const),
          total: fc.constant(2),
          index: fc.constantFrom(0, 1),
        }),
        fc.record({ kind: fc.constant('nested' as const), key: keys, filter: tie('filter') }),
        fc.record({ kind: fc.constant('filter' as const), filter: tie('filter') }),
      ),
    };
  }).filter;
}
