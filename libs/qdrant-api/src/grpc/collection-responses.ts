// Answers about collections and the server, as protobuf messages. Times are in seconds.

import type {
  CollectionConfig,
  HnswConfig,
  OptimizersConfig,
  SparseVectorParams,
  VectorParams,
} from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import {
  type CollectionClusterInfoResponse,
  type CollectionConfig as CollectionConfigMessage,
  type CollectionExistsResponse,
  type CollectionOperationResponse,
  CollectionStatus,
  Datatype,
  Distance,
  type GetCollectionInfoResponse,
  type HnswConfigDiff,
  type ListAliasesResponse,
  type ListCollectionsResponse,
  Modifier,
  MultiVectorComparator,
  type OptimizersConfigDiff,
  ReplicaState,
  ShardingMethod,
  type SparseVectorConfig,
  type SparseVectorParams as SparseVectorMessage,
  type VectorParams as VectorParamsMessage,
  type VectorsConfig,
} from '../gen/collections.ts';
import type { HealthCheckReply } from '../gen/qdrant.ts';
import {
  type AliasView,
  type CollectionClusterView,
  type CollectionView,
  TITLE,
  type VersionView,
} from '../responses/view.ts';
import { payloadSchemaMessage } from './field-index.ts';
import { entriesOfObject } from './payload-writer.ts';
import { quantizationMessage } from './quantization.ts';
import { memoryOf } from './scalars.ts';
import { strictModeMessage } from './strict-mode.ts';
import { timestampOf } from './timestamps.ts';

const STATUSES = {
  green: CollectionStatus.Green,
  yellow: CollectionStatus.Yellow,
  grey: CollectionStatus.Grey,
  red: CollectionStatus.Red,
} as const;

export function versionReply({ version, commit }: VersionView): HealthCheckReply {
  return { title: TITLE, version, commit };
}

/** The answer to Create, Update and Delete. */
export function collectionOperationResponse(
  result: boolean,
  timeSec: number,
): CollectionOperationResponse {
  return { result, time: timeSec };
}

export function collectionExistsResponse(
  exists: boolean,
  timeSec: number,
): CollectionExistsResponse {
  return { result: { exists }, time: timeSec };
}

export function listCollectionsResponse(
  names: readonly string[],
  timeSec: number,
): ListCollectionsResponse {
  return { collections: names.map((name) => ({ name })), time: timeSec };
}

export function aliasesResponse(
  aliases: readonly AliasView[],
  timeSec: number,
): ListAliasesResponse {
  const descriptions = aliases.map(({ alias, collection }) => ({
    aliasName: alias,
    collectionName: collection,
  }));
  return { aliases: descriptions, time: timeSec };
}

export function collectionInfoResponse(
  view: CollectionView,
  timeSec: number,
): GetCollectionInfoResponse {
  const { optimizerError, updateQueueLength: length, createdAtMs } = view;
  return {
    result: {
      status: STATUSES[view.status],
      optimizerStatus: { ok: optimizerError === undefined, error: optimizerError ?? '' },
      segmentsCount: BigInt(view.segmentsCount),
      config: configMessage(view.config),
      payloadSchema: payloadSchemaMessage(view.payloadSchema ?? {}, view.payloadIndexPoints ?? {}),
      pointsCount: BigInt(view.pointsCount),
      indexedVectorsCount: BigInt(view.indexedVectorsCount),
      warnings: [],
      updateQueue: length === undefined ? undefined : { length: BigInt(length) },
      createdAt: createdAtMs === undefined ? undefined : timestampOf(createdAtMs),
    },
    time: timeSec,
  };
}

export function collectionClusterResponse(
  view: CollectionClusterView,
  timeSec: number,
): CollectionClusterInfoResponse {
  return {
    peerId: BigInt(view.peerId),
    shardCount: BigInt(view.shardCount),
    localShards: view.localShards.map(({ shardId, pointsCount, state }) => ({
      shardId,
      pointsCount: BigInt(pointsCount),
      state: ReplicaState[state],
    })),
    remoteShards: view.remoteShards.map(({ shardId, peerId, state }) => ({
      shardId,
      peerId: BigInt(peerId),
      state: ReplicaState[state],
    })),
    shardTransfers: [],
    reshardingOperations: [],
    time: timeSec,
  };
}

function placementMessage(memory: string | undefined) {
  return memory === undefined ? undefined : { memory: memoryOf(memory) };
}

function configMessage(config: CollectionConfig): CollectionConfigMessage {
  return {
    params: {
      shardNumber: config.shardNumber,
      onDiskPayload: config.onDiskPayload,
      vectorsConfig: vectorsMessage(config.vectors),
      sparseVectorsConfig: config.sparseVectors && sparseVectorsMessage(config.sparseVectors),
      replicationFactor: config.replicationFactor,
      writeConsistencyFactor: config.writeConsistencyFactor,
      readFanOutFactor: config.readFanOutFactor,
      readFanOutDelayMs: u64(config.readFanOutDelayMs),
      shardingMethod: config.shardingMethod && ShardingMethod.Auto,
      payload: placementMessage(config.payloadMemory),
      idTracker: placementMessage(config.idTrackerMemory),
    },
    hnswConfig: hnswMessage(config.hnsw),
    optimizerConfig: optimizersMessage(config.optimizers),
    walConfig: {
      walCapacityMb: BigInt(config.wal.walCapacityMb),
      walSegmentsAhead: BigInt(config.wal.walSegmentsAhead),
      walRetainClosed: BigInt(config.wal.walRetainClosed ?? 1),
    },
    quantizationConfig: quantizationMessage(config.quantization),
    strictModeConfig: config.strictMode && strictModeMessage(config.strictMode),
    metadata: config.metadata === undefined ? [] : entriesOfObject(config.metadata),
  };
}

function vectorsMessage(vectors: CollectionConfig['vectors']): VectorsConfig {
  const entries = Object.entries(vectors);
  const unnamed = entries.length === 1 ? vectors[UNNAMED_VECTOR] : undefined;
  if (unnamed !== undefined) return { params: vectorMessage(unnamed) };
  const map = new Map(entries.map(([name, params]) => [name, vectorMessage(params)]));
  return { paramsMap: { map } };
}

const DATATYPES: Readonly<Record<string, Datatype>> = {
  float32: Datatype.Float32,
  float16: Datatype.Float16,
  uint8: Datatype.Uint8,
  turbo4: Datatype.Turbo4,
  turbo8: Datatype.Turbo8,
  turbo16: Datatype.Turbo16,
};

function vectorMessage(params: VectorParams): VectorParamsMessage {
  return {
    size: BigInt(params.size),
    distance: Distance[params.distance],
    hnswConfig: params.hnsw && hnswMessage(params.hnsw),
    quantizationConfig: quantizationMessage(params.quantization),
    onDisk: params.onDisk,
    memory: memoryOf(params.memory),
    datatype: params.datatype === undefined ? undefined : DATATYPES[params.datatype],
    multivectorConfig: params.multivector && { comparator: MultiVectorComparator.MaxSim },
  };
}

function sparseVectorsMessage(
  vectors: Readonly<Record<string, SparseVectorParams>>,
): SparseVectorConfig {
  const entries = Object.entries(vectors).map(
    ([name, params]) => [name, sparseVectorMessage(params)] as const,
  );
  return { map: new Map(entries) };
}

function sparseVectorMessage({ modifier, index }: SparseVectorParams): SparseVectorMessage {
  const { full_scan_threshold: threshold, on_disk: onDisk, datatype, memory } = index ?? {};
  return {
    modifier: modifier && (modifier === 'idf' ? Modifier.Idf : Modifier.None),
    index: index && {
      fullScanThreshold: typeof threshold === 'number' ? BigInt(threshold) : undefined,
      onDisk: typeof onDisk === 'boolean' ? onDisk : undefined,
      memory: memoryOf(memory),
      datatype: typeof datatype === 'string' ? DATATYPES[datatype] : undefined,
    },
  };
}

function hnswMessage(hnsw: Partial<HnswConfig>): HnswConfigDiff {
  return {
    m: u64(hnsw.m),
    efConstruct: u64(hnsw.efConstruct),
    fullScanThreshold: u64(hnsw.fullScanThresholdKb),
    maxIndexingThreads: u64(hnsw.maxIndexingThreads),
    onDisk: hnsw.onDisk,
    payloadM: u64(hnsw.payloadM),
    inlineStorage: hnsw.inlineStorage,
    memory: memoryOf(hnsw.memory),
  };
}

function optimizersMessage(optimizers: OptimizersConfig): OptimizersConfigDiff {
  const threads = u64(optimizers.maxOptimizationThreads);
  return {
    deletedThreshold: optimizers.deletedThreshold,
    vacuumMinVectorNumber: u64(optimizers.vacuumMinVectorNumber),
    defaultSegmentNumber: u64(optimizers.defaultSegmentNumber),
    maxSegmentSize: u64(optimizers.maxSegmentSizeKb),
    memmapThreshold: u64(optimizers.memmapThresholdKb),
    indexingThreshold: u64(optimizers.indexingThresholdKb),
    flushIntervalSec: u64(optimizers.flushIntervalSec),
    maxOptimizationThreads: threads === undefined ? undefined : { value: threads },
    // Older clients read this one.
    deprecatedMaxOptimizationThreads: threads,
    preventUnoptimized: optimizers.preventUnoptimized,
  };
}

function u64(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
