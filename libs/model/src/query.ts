// What a read asks of one shard and what it gets. Results are bare: paging, merging and shaping happen at the gateway.

import type { Filter } from './filter.ts';
import type { Sequence } from './ids.ts';
import type { NamedVectors, PayloadBytes } from './point.ts';
import type { PointId } from './point-id.ts';

export type PayloadSelector =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'include'; readonly keys: readonly string[] }
  | { readonly kind: 'exclude'; readonly keys: readonly string[] };

export type VectorSelector =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'names'; readonly names: readonly string[] };

export interface Projection {
  readonly payload: PayloadSelector;
  readonly vectors: VectorSelector;
}

export interface SearchParams {
  /** Size of the candidate list in the graph; default the collection's `efConstruct`. */
  readonly hnswEf?: number;
  /** Scan every vector. */
  readonly exact?: boolean;
  /** Leave out vectors that no graph covers yet. */
  readonly indexedOnly?: boolean;
}

/** The `limit` nearest points to `vector`, best first. */
export interface NearestQuery {
  readonly vector: Float32Array;
  /** Name of the vector searched; '' for the unnamed one. */
  readonly using: string;
  readonly filter?: Filter;
  readonly limit: number;
  readonly scoreThreshold?: number;
  readonly params: SearchParams;
  readonly projection: Projection;
}

export interface ScrollQuery {
  readonly filter?: Filter;
  /** First id of the page, inclusive. */
  readonly offset?: PointId;
  readonly limit: number;
  readonly projection: Projection;
}

export interface PointRecord {
  readonly id: PointId;
  readonly version: Sequence;
  /** Absent where the projection leaves payloads out. */
  readonly payload?: PayloadBytes;
  /** Absent where the projection leaves vectors out. */
  readonly vectors?: NamedVectors;
}

export interface ScoredPoint extends PointRecord {
  /** Score by the conventions of `Distance`, as float32. */
  readonly score: number;
}
