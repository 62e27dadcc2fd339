// What a client's request becomes: trusted values, the same whether they came as JSON or as protobuf.
// Writes become the model's `PointOperation`, a scroll its `ScrollQuery`, a query its `QueryRequest` or
// `GroupsRequest`.

import type {
  Filter,
  HnswConfig,
  JsonObject,
  JsonValue,
  OptimizersConfig,
  PointId,
  Projection,
  ReadConsistency,
  Sequence,
  SparseVectorParams,
} from '@tributary/model';

export interface RetrieveRequest {
  readonly ids: readonly PointId[];
  readonly projection: Projection;
}

export interface CountRequest {
  readonly filter?: Filter;
  readonly exact: boolean;
}

/** How often each value of a payload field occurs among the points of the filter. */
export interface FacetRequest {
  readonly key: string;
  readonly filter?: Filter;
  /** Values returned at most. */
  readonly limit: number;
  readonly exact: boolean;
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
  readonly memory?: string;
  /** null switches quantization off. */
  readonly quantization?: JsonValue;
}

/** The changes a PATCH asks for; what is absent stays as it is. */
export interface CollectionPatch {
  readonly vectors?: Readonly<Record<string, VectorParamsPatch>>;
  readonly sparseVectors?: Readonly<Record<string, SparseVectorParams>>;
  readonly replicationFactor?: number;
  readonly writeConsistencyFactor?: number;
  readonly readFanOutFactor?: number;
  readonly readFanOutDelayMs?: number;
  readonly payloadMemory?: string;
  readonly idTrackerMemory?: string;
  readonly onDiskPayload?: boolean;
  readonly hnsw?: Partial<HnswConfig>;
  readonly optimizers?: Partial<OptimizersConfig>;
  /** null switches quantization off. */
  readonly quantization?: JsonValue;
  readonly strictMode?: JsonObject;
  /** Merged into the metadata there, key by key; null takes a key away. */
  readonly metadata?: JsonObject;
}

export type WriteOrdering = 'weak' | 'medium' | 'strong';

export interface WriteParameters {
  readonly wait: boolean;
  readonly ordering: WriteOrdering;
  readonly timeoutMs?: number;
  /** Of two writes with one key the second is none, as long as it comes within the stream's dedupe window. */
  readonly idempotencyKey?: string;
}

export interface ReadParameters {
  readonly consistency?: ReadConsistency;
  readonly timeoutMs?: number;
  /** Read token: the replicas read have applied this much. */
  readonly minSequence?: Sequence;
}
