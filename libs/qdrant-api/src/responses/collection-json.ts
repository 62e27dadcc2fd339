// A collection's configuration and state as REST tells them, with every field that clients require.

import type {
  CollectionConfig,
  HnswConfig,
  JsonObject,
  JsonValue,
  OptimizersConfig,
  SparseVectorParams,
  VectorParams,
} from '@tributary/model';
import { stringifyJson, UNNAMED_VECTOR } from '@tributary/model';
import { fieldIndexJson } from '../requests/field-index.ts';
import { present } from '../requests/json-reader.ts';
import type { AliasView, CollectionView } from './view.ts';

/** The result of GET /collections/{name}. */
export function writeCollectionInfo(view: CollectionView): string {
  const { optimizerError, updateQueueLength, createdAtMs } = view;
  return stringifyJson(
    present<JsonObject>({
      status: view.status,
      optimizer_status: optimizerError === undefined ? 'ok' : { error: optimizerError },
      indexed_vectors_count: view.indexedVectorsCount,
      points_count: view.pointsCount,
      segments_count: view.segmentsCount,
      config: collectionConfigJson(view.config),
      payload_schema: payloadSchemaJson(view),
      update_queue: updateQueueLength === undefined ? undefined : { length: updateQueueLength },
      created_at: createdAtMs === undefined ? undefined : new Date(createdAtMs).toISOString(),
    }),
  );
}

/** The result of GET /aliases and GET /collections/{name}/aliases. */
export function writeAliases(aliases: readonly AliasView[]): string {
  const list = aliases.map(({ alias, collection }) => {
    return { alias_name: alias, collection_name: collection };
  });
  return JSON.stringify({ aliases: list });
}

function payloadSchemaJson({ payloadSchema = {}, payloadIndexPoints }: CollectionView): JsonObject {
  return Object.fromEntries(
    Object.entries(payloadSchema).map(([field, index]) => {
      const points = payloadIndexPoints?.[field] ?? 0;
      return [field, { data_type: index.type, params: fieldIndexJson(index), points }];
    }),
  );
}

export function collectionConfigJson(config: CollectionConfig): JsonObject {
  return present<JsonObject>({
    params: paramsJson(config),
    hnsw_config: hnswJson(config.hnsw),
    optimizer_config: optimizersJson(config.optimizers),
    wal_config: {
      wal_capacity_mb: config.wal.walCapacityMb,
      wal_segments_ahead: config.wal.walSegmentsAhead,
      wal_retain_closed: config.wal.walRetainClosed ?? 1,
    },
    quantization_config: config.quantization ?? null,
    strict_mode_config: config.strictMode,
    metadata: config.metadata,
  });
}

export function paramsJson(config: CollectionConfig): JsonObject {
  return present<JsonObject>({
    vectors: vectorsJson(config.vectors),
    sparse_vectors: config.sparseVectors && sparseVectorsJson(config.sparseVectors),
    shard_number: config.shardNumber,
    replication_factor: config.replicationFactor,
    write_consistency_factor: config.writeConsistencyFactor,
    sharding_method: config.shardingMethod,
    read_fan_out_factor: config.readFanOutFactor,
    read_fan_out_delay_ms: config.readFanOutDelayMs,
    on_disk_payload: config.onDiskPayload,
    payload: memoryJson(config.payloadMemory),
    id_tracker: memoryJson(config.idTrackerMemory),
  });
}

function memoryJson(memory: string | undefined): JsonObject | undefined {
  return memory === undefined ? undefined : { memory };
}

/** The parameters themselves where the only vector has no name, else an object by name. */
function vectorsJson(vectors: CollectionConfig['vectors']): JsonObject {
  const names = Object.keys(vectors);
  const unnamed = names.length === 1 ? vectors[UNNAMED_VECTOR] : undefined;
  if (unnamed !== undefined) return vectorParamsJson(unnamed);
  return Object.fromEntries(
    Object.entries(vectors).map(([name, params]) => [name, vectorParamsJson(params)]),
  );
}

function vectorParamsJson(params: VectorParams): JsonObject {
  return present<JsonObject>({
    size: params.size,
    distance: params.distance,
    hnsw_config: params.hnsw === undefined ? undefined : hnswJson(params.hnsw),
    quantization_config: params.quantization,
    on_disk: params.onDisk,
    memory: params.memory,
    datatype: params.datatype,
    multivector_config: params.multivector && { comparator: params.multivector.comparator },
  });
}

function sparseVectorsJson(vectors: Readonly<Record<string, SparseVectorParams>>): JsonObject {
  return Object.fromEntries(
    Object.entries(vectors).map(([name, { modifier, index }]) => [
      name,
      present<JsonObject>({ index, modifier }),
    ]),
  );
}

function hnswJson(hnsw: Partial<HnswConfig>): JsonObject {
  return present<JsonObject>({
    m: hnsw.m,
    ef_construct: hnsw.efConstruct,
    full_scan_threshold: hnsw.fullScanThresholdKb,
    max_indexing_threads: hnsw.maxIndexingThreads,
    on_disk: hnsw.onDisk,
    payload_m: hnsw.payloadM,
    inline_storage: hnsw.inlineStorage,
    memory: hnsw.memory,
  });
}

function optimizersJson(optimizers: OptimizersConfig): Record<string, JsonValue> {
  return {
    deleted_threshold: optimizers.deletedThreshold,
    vacuum_min_vector_number: optimizers.vacuumMinVectorNumber,
    default_segment_number: optimizers.defaultSegmentNumber,
    max_segment_size: optimizers.maxSegmentSizeKb ?? null,
    memmap_threshold: optimizers.memmapThresholdKb ?? null,
    indexing_threshold: optimizers.indexingThresholdKb,
    flush_interval_sec: optimizers.flushIntervalSec,
    max_optimization_threads: optimizers.maxOptimizationThreads ?? null,
    prevent_unoptimized: optimizers.preventUnoptimized ?? null,
  };
}
