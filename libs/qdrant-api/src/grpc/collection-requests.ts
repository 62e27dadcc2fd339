// Protobuf requests about collections. Their messages have the fields of the REST bodies, so they are turned into
// those and parsed by the same functions: one place knows the defaults and the bounds.

import type { CollectionConfig, JsonObject, JsonValue } from '@tributary/model';
import {
  type CreateCollection,
  Datatype,
  Distance,
  type OptimizersConfigDiff,
  ShardingMethod,
  type StrictModeConfig,
  type UpdateCollection,
  type VectorParams,
  type VectorParamsDiff,
  type VectorsConfig,
  type VectorsConfigDiff,
} from '../gen/collections.ts';
import { parseCreateCollection } from '../requests/create-collection.ts';
import { present } from '../requests/json-reader.ts';
import type { CollectionDefaults, CollectionPatch } from '../requests/request.ts';
import { parseUpdateCollection } from '../requests/update-collection.ts';
import { refuseKeys } from '../unsupported.ts';
import { numberOf } from './ids.ts';
import { objectOfEntries } from './payload-reader.ts';
import { quantizationJson } from './quantization.ts';

export function createCollectionOf(
  message: CreateCollection,
  defaults: CollectionDefaults,
): CollectionConfig {
  refuseKeys(message, { sparseVectorsConfig: 'sparseVectors' });
  const body = json({
    vectors: message.vectorsConfig && vectorsBody(message.vectorsConfig),
    shard_number: message.shardNumber,
    sharding_method: message.shardingMethod === ShardingMethod.Custom ? 'custom' : undefined,
    replication_factor: message.replicationFactor,
    write_consistency_factor: message.writeConsistencyFactor,
    on_disk_payload: message.onDiskPayload,
    hnsw_config: message.hnswConfig && scalarsBody(message.hnswConfig),
    wal_config: message.walConfig && scalarsBody(message.walConfig),
    optimizers_config: message.optimizersConfig && optimizersBody(message.optimizersConfig),
    quantization_config: quantizationJson(message.quantizationConfig),
    strict_mode_config: message.strictModeConfig && strictModeBody(message.strictModeConfig),
    metadata: metadataBody(message.metadata),
  });
  return parseCreateCollection(body, defaults);
}

export function updateCollectionOf(message: UpdateCollection): CollectionPatch {
  refuseKeys(message, { sparseVectorsConfig: 'sparseVectors' });
  const body = json({
    vectors: message.vectorsConfig && vectorPatchesBody(message.vectorsConfig),
    params: message.params && scalarsBody(message.params),
    hnsw_config: message.hnswConfig && scalarsBody(message.hnswConfig),
    optimizers_config: message.optimizersConfig && optimizersBody(message.optimizersConfig),
    quantization_config: quantizationJson(message.quantizationConfig),
    strict_mode_config: message.strictModeConfig && strictModeBody(message.strictModeConfig),
    metadata: metadataBody(message.metadata),
  });
  return parseUpdateCollection(body);
}

function json(values: Record<string, JsonValue | undefined>): JsonObject {
  return present<JsonObject>(values);
}

function metadataBody(entries: readonly Uint8Array[]): JsonObject | undefined {
  return entries.length === 0 ? undefined : objectOfEntries(entries);
}

/** A message of numbers, booleans and strings with the names and numbers of JSON. */
function scalarsBody(message: object): JsonObject {
  const body: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(message)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (typeof value === 'bigint') body[name] = numberOf(value);
    else if (typeof value === 'number' || typeof value === 'boolean') body[name] = value;
  }
  return body;
}

function optimizersBody(message: OptimizersConfigDiff): JsonObject {
  const { maxOptimizationThreads: threads, deprecatedMaxOptimizationThreads } = message;
  const count = threads?.value ?? deprecatedMaxOptimizationThreads;
  const isAutomatic = threads?.setting !== undefined;
  return json({
    ...scalarsBody(message),
    max_optimization_threads: isAutomatic
      ? 'auto'
      : count === undefined
        ? undefined
        : numberOf(count),
  });
}

function strictModeBody(message: StrictModeConfig): JsonObject {
  const limits = (entries: Iterable<readonly [string, object]> | undefined) =>
    entries && Object.fromEntries([...entries].map(([name, each]) => [name, scalarsBody(each)]));
  return json({
    ...scalarsBody(message),
    multivector_config: limits(message.multivectorConfig?.multivectorConfig),
    sparse_config: limits(message.sparseConfig?.sparseConfig),
  });
}

function vectorsBody({ params, paramsMap }: VectorsConfig): JsonObject {
  if (params !== undefined) return vectorBody(params);
  const named = [...(paramsMap?.map ?? [])];
  return Object.fromEntries(named.map(([name, each]) => [name, vectorBody(each)]));
}

const DISTANCE_NAMES: Readonly<Record<number, string>> = {
  [Distance.Cosine]: 'Cosine',
  [Distance.Euclid]: 'Euclid',
  [Distance.Dot]: 'Dot',
  [Distance.Manhattan]: 'Manhattan',
};

const DATATYPE_NAMES: Readonly<Record<number, string>> = {
  [Datatype.Float32]: 'float32',
  [Datatype.Uint8]: 'uint8',
  [Datatype.Float16]: 'float16',
};

function vectorBody(params: VectorParams): JsonObject {
  refuseKeys(params, { multivectorConfig: 'multivectors' });
  return json({
    size: numberOf(params.size),
    distance: DISTANCE_NAMES[params.distance] ?? null,
    hnsw_config: params.hnswConfig && scalarsBody(params.hnswConfig),
    quantization_config: quantizationJson(params.quantizationConfig),
    on_disk: params.onDisk,
    datatype: params.datatype === undefined ? undefined : DATATYPE_NAMES[params.datatype],
  });
}

function vectorPatchesBody({ params, paramsMap }: VectorsConfigDiff): JsonObject {
  const named: (readonly [string, VectorParamsDiff])[] =
    params === undefined ? [...(paramsMap?.map ?? [])] : [['', params]];
  return Object.fromEntries(
    named.map(([name, each]) => [
      name,
      json({
        hnsw_config: each.hnswConfig && scalarsBody(each.hnswConfig),
        quantization_config: quantizationJson(each.quantizationConfig),
        on_disk: each.onDisk,
      }),
    ]),
  );
}
