// What a collection is made of. Values are complete: the defaults are filled in when it is created.

import type { Distance } from './distance.ts';
import type { JsonObject, JsonValue } from './json.ts';

export interface HnswConfig {
  /** Edges per node; 0 switches the graph off. */
  readonly m: number;
  readonly efConstruct: number;
  readonly fullScanThresholdKb: number;
  readonly maxIndexingThreads: number;
  readonly onDisk: boolean;
  readonly payloadM?: number;
  readonly inlineStorage?: boolean;
  readonly memory?: string;
}

export interface OptimizersConfig {
  readonly deletedThreshold: number;
  readonly vacuumMinVectorNumber: number;
  readonly defaultSegmentNumber: number;
  readonly maxSegmentSizeKb?: number;
  readonly memmapThresholdKb?: number;
  /** Vectors of a shard, in KiB, from which they have a graph; 0 switches graphs off. */
  readonly indexingThresholdKb: number;
  readonly flushIntervalSec: number;
  readonly maxOptimizationThreads?: number;
  readonly preventUnoptimized?: boolean;
}

export interface WalConfig {
  readonly walCapacityMb: number;
  readonly walSegmentsAhead: number;
  readonly walRetainClosed?: number;
}

export interface VectorParams {
  /** Dimension, 1 .. 65,536. */
  readonly size: number;
  readonly distance: Distance;
  readonly hnsw?: Partial<HnswConfig>;
  readonly onDisk?: boolean;
  readonly memory?: string;
  /** What values are stored as: `float16`, `uint8` (see datatype.ts); others are accepted and stored as float32. */
  readonly datatype?: string;
  readonly quantization?: JsonValue;
  /** The vector is a MultiVector of rows of `size`; compared by MaxSim. */
  readonly multivector?: { readonly comparator: 'max_sim' };
}

export interface SparseVectorParams {
  /** `idf`: query values are weighted by the inverse document frequency of their index over the collection. */
  readonly modifier?: 'none' | 'idf';
  /** Accepted and reported. */
  readonly index?: JsonObject;
}

export interface CollectionConfig {
  /** Parameters by vector name; the unnamed vector is ''. */
  readonly vectors: Readonly<Record<string, VectorParams>>;
  /** Names are distinct from those of `vectors`. */
  readonly sparseVectors?: Readonly<Record<string, SparseVectorParams>>;
  readonly shardNumber: number;
  readonly replicationFactor: number;
  readonly writeConsistencyFactor: number;
  /** Present where a client named it; shards are always found by the id. */
  readonly shardingMethod?: 'auto';
  readonly onDiskPayload: boolean;
  readonly payloadMemory?: string;
  readonly idTrackerMemory?: string;
  readonly readFanOutFactor?: number;
  readonly readFanOutDelayMs?: number;
  readonly hnsw: HnswConfig;
  readonly optimizers: OptimizersConfig;
  readonly wal: WalConfig;
  readonly quantization?: JsonValue;
  readonly strictMode?: JsonObject;
  readonly metadata?: JsonObject;
  /**
   * Deletes leave tombstones, for regions that write to one collection. Said when the collection is made, and for good:
   * replicas would meet a change of the metadata at different entries.
   */
  readonly tombstones?: boolean;
}

/** The vectors of a collection and nothing else. */
export type CollectionVectors = Pick<CollectionConfig, 'vectors' | 'sparseVectors'>;

/** What the apply rule has to know of a collection, as it was created. */
export type CreatedCollection = CollectionVectors & Pick<CollectionConfig, 'tombstones'>;

/** One vector of a collection. */
export type AnyVectorParams =
  | { readonly kind: 'dense'; readonly params: VectorParams }
  | { readonly kind: 'sparse'; readonly params: SparseVectorParams };

/** A collection of which nothing but its vectors was said. */
export const COLLECTION_DEFAULTS: Omit<CollectionConfig, 'vectors'> = {
  shardNumber: 1,
  replicationFactor: 1,
  writeConsistencyFactor: 1,
  onDiskPayload: true,
  hnsw: {
    m: 16,
    efConstruct: 100,
    fullScanThresholdKb: 10_000,
    maxIndexingThreads: 0,
    onDisk: false,
  },
  optimizers: {
    deletedThreshold: 0.2,
    vacuumMinVectorNumber: 1_000,
    defaultSegmentNumber: 0,
    indexingThresholdKb: 10_000,
    flushIntervalSec: 5,
  },
  wal: { walCapacityMb: 32, walSegmentsAhead: 0 },
};

export const VECTOR_SIZE_MAX = 65_536;
