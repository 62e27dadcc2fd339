// How a replica answers a read, to find out why one is slow. A plan is what would be done now; what was counted
// or measured is of the last time it was done.

import type { IndexOption } from './condition-indexes.ts';
import type { Condition } from './filter.ts';
import type { FieldIndexType } from './payload-schema.ts';

/** A condition that no payload index answers although one could. */
export interface UnindexedCondition {
  /** Path of the field, as an index would name it. */
  readonly key: string;
  readonly asks: Condition['kind'];
  /** Type of the payload index that would answer it. */
  readonly helps: FieldIndexType;
  /** An option it needs for that. */
  readonly option?: IndexOption;
  /** Type of the index the field has, which is of no help. */
  readonly has?: FieldIndexType;
}

/**
 * listed: the filter demands one of some ids; table: it asks for nothing of payloads; index: payload indexes know the
 * answer; narrow: they know points it may hold for, whose payloads are read; scan: every payload is read.
 */
export type FilterPlanKind = 'listed' | 'table' | 'index' | 'narrow' | 'scan';

export interface FilterExplanation {
  readonly plan: FilterPlanKind;
  /** Points the filter holds for, as the indexes guess before it is evaluated. */
  readonly estimated: { readonly min: number; readonly expected: number; readonly max: number };
  /** Points looked at one by one. */
  readonly candidates: number;
  /** Points it really holds for; absent where that is not known without evaluating it again. */
  readonly matched?: number;
  /** What the last evaluation took, in milliseconds; absent where there was none lately. */
  readonly tookMs?: number;
  readonly unindexed: readonly UnindexedCondition[];
}

/**
 * graph: HNSW graphs are walked and the tail is scanned; scan: every vector that may be an answer is compared; codes:
 * the same, by short codes first; lists: the inverted lists of a sparse vector.
 */
export type SearchMethod = 'graph' | 'scan' | 'codes' | 'lists';

export interface SearchExplanation {
  readonly method: SearchMethod;
  readonly limit: number;
  /** Candidate list size in graphs. */
  readonly ef: number;
  readonly exact: boolean;
  /** Vectors of the index, those of them in graphs, and the number of graphs. */
  readonly vectors: number;
  readonly indexed: number;
  readonly segments: number;
}

export interface Explanation {
  /** Points of the replica. */
  readonly points: number;
  readonly filter?: FilterExplanation;
  readonly search?: SearchExplanation;
}
