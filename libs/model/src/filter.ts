// The filter language. A filter holds when every clause it has holds; an absent or empty clause holds.
// Keys are JSON paths: `a.b`, `a[].b` (every element), `a[0].b`, `"quoted key".b`.

import type { JsonValue } from './json.ts';
import type { PointId } from './point-id.ts';

export interface Filter {
  readonly must?: readonly Condition[];
  readonly should?: readonly Condition[];
  readonly mustNot?: readonly Condition[];
}

export type MatchValue = string | number | bigint | boolean;

export interface RangeBounds {
  readonly lt?: number;
  readonly gt?: number;
  readonly lte?: number;
  readonly gte?: number;
}

export type Condition =
  | { readonly kind: 'match'; readonly key: string; readonly value: MatchValue }
  | { readonly kind: 'matchAny'; readonly key: string; readonly any: readonly MatchValue[] }
  | { readonly kind: 'matchExcept'; readonly key: string; readonly except: readonly MatchValue[] }
  | { readonly kind: 'range'; readonly key: string; readonly range: RangeBounds }
  | { readonly kind: 'isEmpty'; readonly key: string }
  | { readonly kind: 'isNull'; readonly key: string }
  | { readonly kind: 'hasId'; readonly ids: readonly PointId[] }
  | { readonly kind: 'nested'; readonly key: string; readonly filter: Filter }
  | { readonly kind: 'filter'; readonly filter: Filter };

/** What a filter is evaluated against. */
export interface FilterSubject {
  readonly id: PointId;
  readonly payload: Readonly<Record<string, JsonValue>>;
}
