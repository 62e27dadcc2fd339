// The universal query as a client asks it: a tree of stages. The leaves search the collection; an inner stage ranks
// what its prefetches found. Every stage is ranked over the whole collection, not shard by shard.

import type { Filter, GeoPoint } from './filter.ts';
import type { JsonValue } from './json.ts';
import type { Document, VectorValue } from './point.ts';
import type { PointId } from './point-id.ts';
import type { OrderBy, PointRecord, Projection, ScoredPoint, SearchParams } from './query.ts';

/** A vector, or the point that has it, or the text it is made of. */
export type VectorExample =
  | { readonly kind: 'vector'; readonly vector: VectorValue }
  | { readonly kind: 'document'; readonly document: Document }
  | { readonly kind: 'id'; readonly id: PointId };

export interface ExamplePair {
  readonly positive: VectorExample;
  readonly negative: VectorExample;
}

/** What another model found a point of an earlier answer to be worth; larger is better. */
export interface FeedbackItem {
  readonly example: VectorExample;
  readonly score: number;
}

/**
 * score = a * sim(target) + sum over pairs of c * confidence^b * (sim(better) - sim(worse)): of every two items of
 * feedback that differ, where confidence is by how much. sim as in `Scoring`.
 */
export interface NaiveFeedback {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export type RecommendStrategy = 'average_vector' | 'best_score' | 'sum_scores';

export type Query =
  | {
      readonly kind: 'nearest';
      readonly target: VectorExample;
      /** Maximal marginal relevance over the nearest `candidatesLimit`; relevance weighs 1 - `diversity`. */
      readonly mmr?: { readonly diversity: number; readonly candidatesLimit: number };
    }
  | {
      readonly kind: 'recommend';
      readonly positives: readonly VectorExample[];
      readonly negatives: readonly VectorExample[];
      readonly strategy: RecommendStrategy;
    }
  | {
      readonly kind: 'discover';
      readonly target: VectorExample;
      readonly context: readonly ExamplePair[];
    }
  | { readonly kind: 'context'; readonly context: readonly ExamplePair[] }
  | {
      readonly kind: 'relevanceFeedback';
      readonly target: VectorExample;
      readonly feedback: readonly FeedbackItem[];
      readonly strategy: NaiveFeedback;
    }
  /** BM25 over the text index of the payload field that `using` names. */
  | { readonly kind: 'text'; readonly text: string; readonly k: number; readonly b: number }
  | { readonly kind: 'orderBy'; readonly orderBy: OrderBy }
  /** score += 1 / ((position + 1) / weight + k - 1), position from 0; one weight a prefetch. */
  | { readonly kind: 'rrf'; readonly k: number; readonly weights?: readonly number[] }
  /** Distribution-based: each list scaled by its mean and three standard deviations, then added. */
  | { readonly kind: 'dbsf' }
  | {
      readonly kind: 'formula';
      readonly formula: Expression;
      /** Value of a variable the point lacks, by its name. */
      readonly defaults: Readonly<Record<string, JsonValue>>;
    }
  | { readonly kind: 'sample' };

/** A score formula. Variables are payload paths, `$score` and `$score[i]`. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'variable'; readonly name: string }
  /** 1 where the filter holds, else 0. */
  | { readonly kind: 'condition'; readonly filter: Filter }
  | { readonly kind: 'sum' | 'mult'; readonly operands: readonly Expression[] }
  /** At least one operand. */
  | { readonly kind: 'min' | 'max'; readonly operands: readonly Expression[] }
  | {
      readonly kind: 'div';
      readonly left: Expression;
      readonly right: Expression;
      readonly byZeroDefault?: number;
    }
  | {
      readonly kind: 'neg' | 'abs' | 'sqrt' | 'exp' | 'ln' | 'log10' | 'acosh';
      readonly operand: Expression;
    }
  | { readonly kind: 'pow'; readonly base: Expression; readonly exponent: Expression }
  /** Metres between the origin and the point at the payload path. */
  | { readonly kind: 'geoDistance'; readonly origin: GeoPoint; readonly to: string }
  /** Seconds since the Unix epoch. */
  | { readonly kind: 'datetime'; readonly seconds: number }
  | { readonly kind: 'datetimeKey'; readonly path: string }
  | {
      readonly kind: 'linDecay' | 'expDecay' | 'gaussDecay';
      readonly x: Expression;
      readonly target?: Expression;
      readonly scale: number;
      readonly midpoint: number;
    };

/** Where the vectors of ids named in a query come from, if not from the collection queried. */
export interface LookupFrom {
  readonly collection: string;
  readonly vector?: string;
}

export interface QueryParams extends SearchParams {
  /** Asked for terms to be weighed by how rare they are: among the points of the corpus, without one among all. */
  readonly idf?: { readonly corpus?: Filter };
}

export interface QueryStage {
  readonly prefetch: readonly QueryStage[];
  /** Undefined: points in id order where there is no prefetch. */
  readonly query?: Query;
  readonly using: string;
  readonly filter?: Filter;
  readonly params: QueryParams;
  readonly scoreThreshold?: number;
  readonly limit: number;
  readonly lookupFrom?: LookupFrom;
}

export interface QueryRequest extends QueryStage {
  readonly offset: number;
  readonly projection: Projection;
}

export interface GroupsRequest {
  /** `limit` counts groups; `offset` is 0. */
  readonly query: QueryRequest;
  readonly groupBy: string;
  readonly groupSize: number;
  readonly withLookup?: { readonly collection: string; readonly projection: Projection };
}

/** What points are grouped by: a value of their payload. */
export type GroupKey = string | number | bigint;

export interface PointGroup {
  readonly id: GroupKey;
  /** Best first. */
  readonly hits: readonly ScoredPoint[];
  /** The point of the other collection whose id is the group's; absent where there is none. */
  readonly lookup?: PointRecord;
}

/** The `limit` nearest of each of `sample` points chosen at random, among the sample. */
export interface MatrixRequest {
  readonly filter?: Filter;
  readonly sample: number;
  readonly limit: number;
  readonly using: string;
}

export interface DistanceMatrix {
  /** The sample, in id order; empty where fewer than two points have the vector. */
  readonly ids: readonly PointId[];
  /** One row an id: its nearest, best first. */
  readonly rows: readonly (readonly { readonly id: PointId; readonly score: number }[])[];
}
