// What a read asks of one shard and what it gets. Results are bare: paging, merging and shaping happen at the gateway.

import type { ExactNumber } from './exact-number.ts';
import type { Filter } from './filter.ts';
import type { Sequence } from './ids.ts';
import type { NamedVectors, PayloadBytes, VectorValue } from './point.ts';
import type { PointId } from './point-id.ts';
import type { WholeFloat } from './whole-float.ts';

export type PayloadSelector =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'include'; readonly keys: readonly string[] }
  | { readonly kind: 'exclude'; readonly keys: readonly string[] }
  /** By key the list of values that a formula reads there: see `compileFormulaValues`. */
  | { readonly kind: 'values'; readonly keys: readonly string[] };

export type VectorSelector =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'names'; readonly names: readonly string[] };

export interface Projection {
  readonly payload: PayloadSelector;
  readonly vectors: VectorSelector;
}

/** Nothing of a point but its id and version. */
export const ID_ONLY: Projection = { payload: { kind: 'none' }, vectors: { kind: 'none' } };

export interface SearchParams {
  /** Size of the candidate list in the graph; default the collection's `efConstruct`. */
  readonly hnswEf?: number;
  /** Scan every vector. */
  readonly exact?: boolean;
  /** Leave out vectors that no graph covers yet. */
  readonly indexedOnly?: boolean;
  readonly quantization?: {
    /** Search the full vectors. */
    readonly ignore?: boolean;
    /** Score the candidates again with the full vectors; default true. */
    readonly rescore?: boolean;
    /** Candidates taken beyond the limit, as a factor of at least 1. */
    readonly oversampling?: number;
  };
}

export interface ContextPair {
  readonly positive: VectorValue;
  readonly negative: VectorValue;
}

/** A vector, and what the similarity to it counts for. */
export interface WeightedExample {
  readonly example: VectorValue;
  readonly weight: number;
}

/**
 * How a point is scored against examples; sim is the similarity of the vector's distance, larger is better
 * (Manhattan: the negative of the distance; Euclid: of its square). The score of `nearest` is in the distance's own
 * convention.
 *
 *   bestScore  best positive above best negative ? f(best positive) : -f(best negative), f(x) = (x / (1 + |x|) + 1) / 2
 *   sumScores  sum of sim to the positives less sum of sim to the negatives
 *   discover   rank + f(sim to target); rank counts pairs, +1 where nearer to the positive, -1 where to the negative
 *   weightedSum  sum of weight times sim to the example
 *   context    sum over pairs of g(min(sim positive - sim negative - epsilon, 0)), g(x) = x / (1 + |x|); 0 is best
 */
export type Scoring =
  | { readonly kind: 'nearest'; readonly vector: VectorValue }
  | {
      readonly kind: 'bestScore' | 'sumScores';
      readonly positives: readonly VectorValue[];
      readonly negatives: readonly VectorValue[];
    }
  | {
      readonly kind: 'discover';
      readonly target: VectorValue;
      readonly context: readonly ContextPair[];
    }
  | { readonly kind: 'context'; readonly context: readonly ContextPair[] }
  | { readonly kind: 'weightedSum'; readonly terms: readonly WeightedExample[] };

/**
 * BM25 over a text index: sum over the terms that a document has of
 * weight * tf (k + 1) / (tf + k (1 - b + b length / averageLength)). Points without any of them are not found; of a
 * point of several documents the best counts.
 */
export interface TextScoring {
  readonly kind: 'text';
  /** Each once, in the order of their texts; the weight says how rare it is. */
  readonly terms: readonly { readonly term: string; readonly weight: number }[];
  readonly k: number;
  readonly b: number;
  readonly averageLength: number;
}

/** The `limit` best points by the scoring, best first. */
interface ScoredQuery<S> {
  readonly scoring: S;
  /** Name of the vector searched; '' for the unnamed one. For a text the path of the payload field. */
  readonly using: string;
  readonly filter?: Filter;
  readonly limit: number;
  readonly scoreThreshold?: number;
  readonly params: SearchParams;
  readonly projection: Projection;
}

export type TextQuery = ScoredQuery<TextScoring>;
export type VectorQuery = ScoredQuery<Scoring>;
/** Ranks points, by vectors or by a text. */
export type SearchQuery = VectorQuery | TextQuery;

export function isTextQuery(query: SearchQuery): query is TextQuery {
  return query.scoring.kind === 'text';
}

/** A bigint is an integer too; a float without a fraction is a WholeFloat. */
export type OrderValue = ExactNumber | WholeFloat;

export interface OrderBy {
  /** Path of a payload field with an integer, float or datetime index. */
  readonly key: string;
  readonly direction: 'asc' | 'desc';
  /** First value of the page, inclusive; datetimes in microseconds since the Unix epoch. */
  readonly startFrom?: ExactNumber;
}

/** The `limit` points with the smallest `sampleHash` by the seed among those the filter holds for, in its order. */
export interface SampleQuery {
  readonly filter?: Filter;
  readonly limit: number;
  readonly seed: number;
  readonly projection: Projection;
}

/** How often each value of a payload field occurs. The field has a keyword, integer, bool or uuid index. */
export interface FacetQuery {
  readonly key: string;
  readonly filter?: Filter;
  readonly limit: number;
}

export interface FacetHit {
  readonly value: string | number | bigint | boolean;
  readonly count: number;
}

/** In how many points of the filter each index of a sparse vector occurs, and how many points have the vector. */
export interface TermStatisticsQuery {
  readonly using: string;
  readonly indices: Uint32Array;
  readonly filter?: Filter;
}

export interface TermStatistics {
  readonly points: number;
  /** As many as indices were asked for. */
  readonly frequencies: readonly number[];
}

/** What the text index of a field knows of the terms of a text, in the points of the filter. */
export interface TextStatisticsQuery {
  readonly field: string;
  readonly text: string;
  readonly filter?: Filter;
}

export interface TextStatistics {
  /** Those with at least one token. */
  readonly documents: number;
  /** The sum of their lengths. */
  readonly tokens: number;
  /** Of each term of the text, once, in how many documents it is; in the order of the terms. */
  readonly terms: readonly { readonly term: string; readonly frequency: number }[];
}

export interface ScrollQuery {
  readonly filter?: Filter;
  /** First id of the page, inclusive. */
  readonly offset?: PointId;
  readonly limit: number;
  readonly projection: Projection;
  /** Order by a payload value instead of the id; a point stands once for each value it has. Excludes `offset`. */
  readonly orderBy?: OrderBy;
}

export interface PointRecord {
  readonly id: PointId;
  readonly version: Sequence;
  /** Absent where the projection leaves payloads out. */
  readonly payload?: PayloadBytes;
  /** Absent where the projection leaves vectors out. */
  readonly vectors?: NamedVectors;
  /** The value the record was ordered by; under an index of floats one without a fraction is a WholeFloat. */
  readonly orderValue?: OrderValue;
}

export interface ScoredPoint extends PointRecord {
  /** Score by the conventions of `Distance`, as float32. */
  readonly score: number;
}
