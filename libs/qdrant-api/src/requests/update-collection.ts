// PATCH /collections/{name}: what to change, and what a configuration is after the change.

import type {
  CollectionConfig,
  JsonObject,
  JsonValue,
  SparseVectorParams,
  VectorParams,
} from '@tributary/model';
import {
  readHnsw,
  readMemory,
  readOptimizers,
  readPlacement,
  readPositiveU32,
  readQuantization,
} from './collection-parts.ts';
import { readSparseVectorsConfig } from './create-collection.ts';
import {
  optional,
  present,
  readBoolean,
  readObject,
  readU32,
  readUnsigned,
} from './json-reader.ts';
import type { CollectionPatch, VectorParamsPatch } from './request.ts';
import { readStrictMode } from './strict-mode.ts';
import { unknownVectorName } from './vector.ts';

export function parseUpdateCollection(body: JsonValue | undefined): CollectionPatch {
  const object = readObject(body, '');
  const params = optional(object, 'params', '', readObject) ?? {};
  return present<CollectionPatch>({
    vectors: optional(object, 'vectors', '', readVectorPatches),
    sparseVectors: optional(object, 'sparse_vectors', '', readSparseVectorsConfig),
    replicationFactor: optional(params, 'replication_factor', 'params', readPositiveU32),
    writeConsistencyFactor: optional(params, 'write_consistency_factor', 'params', readPositiveU32),
    readFanOutFactor: optional(params, 'read_fan_out_factor', 'params', readU32),
    readFanOutDelayMs: optional(params, 'read_fan_out_delay_ms', 'params', readUnsigned),
    payloadMemory: optional(params, 'payload', 'params', readPlacement),
    idTrackerMemory: optional(params, 'id_tracker', 'params', readPlacement),
    onDiskPayload: optional(params, 'on_disk_payload', 'params', readBoolean),
    hnsw: optional(object, 'hnsw_config', '', readHnsw),
    optimizers: optional(object, 'optimizers_config', '', readOptimizers),
    quantization: optional(object, 'quantization_config', '', readQuantizationPatch),
    strictMode: optional(object, 'strict_mode_config', '', readStrictMode),
    metadata: optional(object, 'metadata', '', readObject),
  });
}

function readVectorPatches(value: JsonValue, path: string): Record<string, VectorParamsPatch> {
  const patches: Record<string, VectorParamsPatch> = {};
  for (const [name, item] of Object.entries(readObject(value, path))) {
    if (name === '__proto__') throw unknownVectorName(name);
    const where = `${path}.${name}`;
    const object = readObject(item, where);
    patches[name] = present<VectorParamsPatch>({
      hnsw: optional(object, 'hnsw_config', where, readHnsw),
      onDisk: optional(object, 'on_disk', where, readBoolean),
      memory: optional(object, 'memory', where, readMemory),
      quantization: optional(object, 'quantization_config', where, readQuantizationPatch),
    });
  }
  return patches;
}

/** null for "Disabled". */
function readQuantizationPatch(value: JsonValue, path: string): JsonValue {
  return value === 'Disabled' ? null : readQuantization(value, path);
}

/** The configuration with the changes made. Errors: `wrong_input` for a vector it does not have. */
export function applyCollectionPatch(
  config: CollectionConfig,
  patch: CollectionPatch,
): CollectionConfig {
  const {
    vectors,
    sparseVectors,
    hnsw,
    optimizers,
    quantization,
    strictMode,
    metadata,
    ...params
  } = patch;
  const changed = {
    ...config,
    ...params,
    vectors: patchVectors(config.vectors, vectors ?? {}),
    ...(sparseVectors && {
      sparseVectors: patchSparseVectors(config.sparseVectors ?? {}, sparseVectors),
    }),
    hnsw: { ...config.hnsw, ...hnsw },
    optimizers: { ...config.optimizers, ...optimizers },
    ...(strictMode && { strictMode: { ...config.strictMode, ...strictMode } }),
    ...(metadata && { metadata: mergeMetadata(config.metadata, metadata) }),
  };
  return withQuantization(changed, quantization);
}

/** Key by key; null takes a key away. */
function mergeMetadata(present: JsonObject | undefined, patch: JsonObject): JsonObject {
  const merged = Object.entries({ ...present, ...patch });
  const removed = new Set(Object.keys(patch).filter((key) => patch[key] === null));
  return Object.fromEntries(merged.filter(([key]) => !removed.has(key)));
}

function patchVectors(
  vectors: CollectionConfig['vectors'],
  patches: Readonly<Record<string, VectorParamsPatch>>,
): Record<string, VectorParams> {
  const patched: Record<string, VectorParams> = { ...vectors };
  for (const [name, { hnsw, onDisk, memory, quantization }] of Object.entries(patches)) {
    const params = Object.hasOwn(vectors, name) ? vectors[name] : undefined;
    if (params === undefined) throw unknownVectorName(name);
    const changed = {
      ...params,
      ...(hnsw && { hnsw: { ...params.hnsw, ...hnsw } }),
      ...(onDisk !== undefined && { onDisk }),
      ...(memory !== undefined && { memory }),
    };
    patched[name] = withQuantization(changed, quantization);
  }
  return patched;
}

function patchSparseVectors(
  vectors: Readonly<Record<string, SparseVectorParams>>,
  patches: Readonly<Record<string, SparseVectorParams>>,
): Record<string, SparseVectorParams> {
  const patched: Record<string, SparseVectorParams> = { ...vectors };
  for (const [name, patch] of Object.entries(patches)) {
    const params = Object.hasOwn(vectors, name) ? vectors[name] : undefined;
    if (params === undefined) throw unknownVectorName(name);
    const index = patch.index && { index: { ...params.index, ...patch.index } };
    patched[name] = { ...params, ...patch, ...index };
  }
  return patched;
}

/** null switches quantization off, undefined leaves it as it is. */
function withQuantization<T extends { readonly quantization?: JsonValue }>(
  config: T,
  quantization: JsonValue | undefined,
): T {
  if (quantization === undefined) return config;
  if (quantization !== null) return { ...config, quantization };
  const { quantization: _off, ...rest } = config;
  return rest as T;
}
