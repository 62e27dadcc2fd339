// The filter language. A filter holds when every clause it has holds; an absent one holds, and so does an empty list.
// Keys are JSON paths: `a.b`, `a[].b` (every element), `a[0].b`, `"quoted key".b`.

import type { ExactNumber } from './exact-number.ts';
import type { Sequence } from './ids.ts';
import type { JsonValue } from './json.ts';
import type { PointId } from './point-id.ts';

export interface Filter {
  readonly must?: readonly Condition[];
  readonly should?: readonly Condition[];
  readonly mustNot?: readonly Condition[];
  /** At least `minCount` of the conditions hold; where it is more than there are, for no point. */
  readonly minShould?: { readonly conditions: readonly Condition[]; readonly minCount: number };
}

export type MatchValue = string | number | bigint | boolean;

export interface RangeBounds {
  readonly lt?: ExactNumber;
  readonly gt?: ExactNumber;
  readonly lte?: ExactNumber;
  readonly gte?: ExactNumber;
}

/** Degrees. */
export interface GeoPoint {
  readonly lon: number;
  readonly lat: number;
}

export type Condition =
  | { readonly kind: 'match'; readonly key: string; readonly value: MatchValue }
  | { readonly kind: 'matchAny'; readonly key: string; readonly any: readonly MatchValue[] }
  | { readonly kind: 'matchExcept'; readonly key: string; readonly except: readonly MatchValue[] }
  | { readonly kind: 'range'; readonly key: string; readonly range: RangeBounds }
  /** Bounds in microseconds since the Unix epoch. */
  | { readonly kind: 'datetimeRange'; readonly key: string; readonly range: RangeBounds }
  /** All of the text's tokens are there: those of a text index on the key, else words in lower case. */
  | { readonly kind: 'matchText'; readonly key: string; readonly text: string }
  /** One of them is. */
  | { readonly kind: 'matchTextAny'; readonly key: string; readonly text: string }
  /** They stand in one value one after the other. */
  | { readonly kind: 'matchPhrase'; readonly key: string; readonly phrase: string }
  /** The text itself, in its case. */
  | { readonly kind: 'matchPrefix'; readonly key: string; readonly prefix: string }
  | { readonly kind: 'matchSubstring'; readonly key: string; readonly substring: string }
  /** All four sides exclusive; a left side east of the right one crosses the antimeridian. */
  | {
      readonly kind: 'geoBoundingBox';
      readonly key: string;
      readonly topLeft: GeoPoint;
      readonly bottomRight: GeoPoint;
    }
  /** Haversine distance, exclusive. */
  | {
      readonly kind: 'geoRadius';
      readonly key: string;
      readonly center: GeoPoint;
      readonly radiusM: number;
    }
  /** Rings of at least four points, the first equal to the last. */
  | {
      readonly kind: 'geoPolygon';
      readonly key: string;
      readonly exterior: readonly GeoPoint[];
      readonly interiors: readonly (readonly GeoPoint[])[];
    }
  /** Number of values at the key: an array's length, 1 for a scalar, 0 for null or nothing. */
  | { readonly kind: 'valuesCount'; readonly key: string; readonly range: RangeBounds }
  | { readonly kind: 'isEmpty'; readonly key: string }
  | { readonly kind: 'isNull'; readonly key: string }
  /** The point has the named vector; '' for the unnamed one. */
  | { readonly kind: 'hasVector'; readonly name: string }
  /** SipHash-2-4 with a zero key of the canonical id, modulo `total`, is `index`; stable for ever. */
  | { readonly kind: 'slice'; readonly total: number; readonly index: number }
  | { readonly kind: 'hasId'; readonly ids: readonly PointId[] }
  /** The sequence of the entry that last changed the point. */
  | { readonly kind: 'version'; readonly range: RangeBounds }
  | { readonly kind: 'nested'; readonly key: string; readonly filter: Filter }
  | { readonly kind: 'filter'; readonly filter: Filter };

/** What a filter is evaluated against. */
export interface FilterSubject {
  readonly id: PointId;
  readonly payload: Readonly<Record<string, JsonValue>>;
  /** Names of the vectors the point has; what `hasVector` looks at. */
  readonly vectorNames?: readonly string[];
  /** What `version` looks at; it holds for no subject without one. */
  readonly version?: Sequence;
}
