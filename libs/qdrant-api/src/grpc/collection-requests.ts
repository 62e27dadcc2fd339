// Protobuf requests about collections. Their messages have the fields of the REST bodies, so they are turned into
// those and parsed by the same functions: one place knows the defaults and the bounds.

import type {
  AliasAction,
  AnyVectorParams,
  CollectionConfig,
  JsonObject,
  JsonValue,
} from '@tributary/model';
import { formatError } from '../errors.ts';
import {
  type ChangeAliases,
  type CollectionParamsDiff,
  type CreateCollection,
  Datatype,
  Distance,
  Modifier,
  type OptimizersConfigDiff,
  ShardingMethod,
  type SparseVectorConfig,
  type StrictModeConfig,
  type UpdateCollection,
  type VectorParams,
  type VectorParamsDiff,
  type VectorsConfig,
  type VectorsConfigDiff,
} from '../gen/collections.ts';
import type { CreateVectorNameRequest, DenseVectorCreationConfig } from '../gen/points.ts';
import { parseCreateCollection } from '../requests/create-collection.ts';
import { present } from '../requests/json-reader.ts';
import type { CollectionDefaults, CollectionPatch } from '../requests/request.ts';
import { parseUpdateCollection } from '../requests/update-collection.ts';
import { parseCreateVectorName } from '../requests/vector-name.ts';
import { numberOf } from './ids.ts';
import { objectOfEntries } from './payload-reader.ts';
import { quantizationJson } from './quantization.ts';
import { enumName, memoryName, scalarsBody } from './scalars.ts';

export function createCollectionOf(
  message: CreateCollection,
  defaults: CollectionDefaults,
): CollectionConfig {
  const body = json({
    vectors: message.vectorsConfig && vectorsBody(message.vectorsConfig),
    sparse_vectors: message.sparseVectorsConfig && sparseVectorsBody(message.sparseVectorsConfig),
    shard_number: message.shardNumber,
    sharding_method: enumName(SHARDING_METHOD_NAMES, message.shardingMethod),
    replication_factor: message.replicationFactor,
    write_consistency_factor: message.writeConsistencyFactor,
    on_disk_payload: message.onDiskPayload,
    payload: message.payload && scalarsBody(message.payload),
    id_tracker: message.idTracker && scalarsBody(message.idTracker),
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
  const body = json({
    vectors: message.vectorsConfig && vectorPatchesBody(message.vectorsConfig),
    sparse_vectors: message.sparseVectorsConfig && sparseVectorsBody(message.sparseVectorsConfig),
    params: message.params && paramsBody(message.params),
    hnsw_config: message.hnswConfig && scalarsBody(message.hnswConfig),
    optimizers_config: message.optimizersConfig && optimizersBody(message.optimizersConfig),
    quantization_config: quantizationJson(message.quantizationConfig),
    strict_mode_config: message.strictModeConfig && strictModeBody(message.strictModeConfig),
    metadata: metadataBody(message.metadata),
  });
  return parseUpdateCollection(body);
}

const SHARDING_METHOD_NAMES: Readonly<Record<number, string>> = {
  [ShardingMethod.Auto]: 'auto',
  [ShardingMethod.Custom]: 'custom',
};

function json(values: Record<string, JsonValue | undefined>): JsonObject {
  return present<JsonObject>(values);
}

function metadataBody(entries: readonly Uint8Array[]): JsonObject | undefined {
  return entries.length === 0 ? undefined : objectOfEntries(entries);
}

function paramsBody(message: CollectionParamsDiff): JsonObject {
  const { payload, idTracker } = message;
  return json({
    ...scalarsBody(message),
    payload: payload && scalarsBody(payload),
    id_tracker: idTracker && scalarsBody(idTracker),
  });
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
  [Datatype.Turbo4]: 'turbo4',
  [Datatype.Turbo8]: 'turbo8',
  [Datatype.Turbo16]: 'turbo16',
};

const MODIFIER_NAMES: Readonly<Record<number, string>> = {
  [Modifier.None]: 'none',
  [Modifier.Idf]: 'idf',
};

function vectorBody(params: VectorParams | DenseVectorCreationConfig): JsonObject {
  const settings = 'hnswConfig' in params ? params : undefined;
  return json({
    size: numberOf(params.size),
    distance: DISTANCE_NAMES[params.distance] ?? null,
    hnsw_config: settings?.hnswConfig && scalarsBody(settings.hnswConfig),
    quantization_config: quantizationJson(settings?.quantizationConfig),
    on_disk: settings?.onDisk,
    memory: memoryName(settings?.memory),
    datatype: datatypeName(params.datatype),
    multivector_config: params.multivectorConfig && { comparator: 'max_sim' },
  });
}

/** The default is what a client gets that names none. */
function datatypeName(datatype: number | undefined): string | undefined {
  return datatype === Datatype.Default ? undefined : enumName(DATATYPE_NAMES, datatype);
}

function sparseVectorsBody({ map }: SparseVectorConfig): JsonObject {
  return Object.fromEntries(
    [...map].map(([name, { index, modifier }]) => [
      name,
      json({
        index: index && json({ ...scalarsBody(index), datatype: datatypeName(index.datatype) }),
        modifier: modifierName(modifier),
      }),
    ]),
  );
}

/** The vector that a request names, and what it is to be. */
export function createVectorNameOf(message: CreateVectorNameRequest): AnyVectorParams {
  const { denseConfig: dense, sparseConfig: sparse } = message;
  const body = json({
    dense: dense && vectorBody(dense),
    sparse:
      sparse &&
      json({
        modifier: modifierName(sparse.modifier),
        datatype: datatypeName(sparse.datatype),
      }),
  });
  return parseCreateVectorName(body);
}

function modifierName(modifier: number | undefined): JsonValue | undefined {
  return enumName(MODIFIER_NAMES, modifier);
}

/** The changes of a request, made together or not at all. */
export function aliasActionsOf({ actions }: ChangeAliases): AliasAction[] {
  return actions.map(({ createAlias, renameAlias, deleteAlias }, i) => {
    if (createAlias !== undefined) {
      const { aliasName: alias, collectionName: collection } = createAlias;
      return { kind: 'create', alias, collection };
    }
    if (renameAlias !== undefined) {
      return { kind: 'rename', from: renameAlias.oldAliasName, to: renameAlias.newAliasName };
    }
    if (deleteAlias !== undefined) return { kind: 'delete', alias: deleteAlias.aliasName };
    throw formatError(`actions[${i}]: expected an action`);
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
        memory: memoryName(each.memory),
      }),
    ]),
  );
}
