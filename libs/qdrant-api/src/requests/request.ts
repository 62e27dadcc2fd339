// What a client's request becomes: trusted values, the same whether they came as JSON or as protobuf.
// Writes become the model's `PointOperation`; a scroll becomes the model's `ScrollQuery`.

import type {
  Filter,
  HnswConfig,
  JsonObject,
  JsonValue,
  OptimizersConfig,
  PointId,
  Projection,
  SearchParams,
} from '@tributary/model';

export interface RetrieveRequest {
  readonly ids: readonly PointId[];
  readonly projection: Projection;
}

export interface CountRequest {
  readonly filter?: Filter;
  readonly exact: boolean;
}

/** What a query looks for: the points nearest to a vector, nearest to another point, or simply the first by id. */
export type QueryTarget =
  | { readonly kind: 'vector'; readonly vector: Float32Array }
  | { readonly kind: 'id'; readonly id: PointId }
  | { readonly kind: 'none' };

/** A search or a query; `limit` points after the first `offset` ones. */
export interface QueryRequest {
  readonly target: QueryTarget;
  /** Name of the vector searched; '' for the unnamed one. */
  readonly using: string;
  readonly filter?: Filter;
  readonly limit: number;
  readonly offset: number;
  readonly scoreThreshold?: number;
  readonly params: SearchParams;
  readonly projection: Projection;
}

/** What a collection gets where the request leaves it out. */
export interface CollectionDefaults {
  readonly shardNumber: number;
  readonly replicationFactor: number;
  readonly writeConsistencyFactor: number;
}

export interface VectorParamsPatch {
  readonly hnsw?: Partial<HnswConfig>;
  readonly onDisk?: boolean;
  /** null switches quantization off. */
  readonly quantization?: JsonValue;
}

/** The changes a PATCH asks for; what is absent stays as it is. */
export interface CollectionPatch {
  readonly vectors?: Readonly<Record<string, VectorParamsPatch>>;
  readonly replicationFactor?: number;
  readonly writeConsistencyFactor?: number;
  readonly readFanOutFactor?: number;
  readonly onDiskPayload?: boolean;
  readonly hnsw?: Partial<HnswConfig>;
  readonly optimizers?: Partial<OptimizersConfig>;
  /** null switches quantization off. */
  readonly quantization?: JsonValue;
  readonly strictMode?: JsonObject;
  /** Merged into the metadata there, key by key. */
  readonly metadata?: JsonObject;
}

export type WriteOrdering = 'weak' | 'medium' | 'strong';

export interface WriteParameters {
  readonly wait: boolean;
  readonly ordering: WriteOrdering;
  readonly timeoutMs?: number;
}

/** How many replicas must agree on a read: a number, or a word. */
export type ReadConsistency = number | 'majority' | 'quorum' | 'all';

export interface ReadParameters {
  readonly consistency?: ReadConsistency;
  readonly timeoutMs?: number;
}
