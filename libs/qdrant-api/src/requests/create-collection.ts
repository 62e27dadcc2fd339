// PUT /collections/{name}: a whole configuration, defaults filled in; null means the same as absence.

import type {
  CollectionConfig,
  JsonObject,
  JsonValue,
  SparseVectorParams,
  VectorParams,
} from '@tributary/model';
import { COLLECTION_DEFAULTS, DISTANCES, UNNAMED_VECTOR, VECTOR_SIZE_MAX } from '@tributary/model';
import { validationError } from '../errors.ts';
import { unsupported } from '../unsupported.ts';
import {
  readHnsw,
  readMemory,
  readOptimizers,
  readPlacement,
  readPositiveU32,
  readQuantization,
  readWal,
} from './collection-parts.ts';
import {
  checkRange,
  isObject,
  optional,
  present,
  readBoolean,
  readObject,
  readString,
  readUnsigned,
  wrongType,
} from './json-reader.ts';
import type { CollectionDefaults } from './request.ts';
import { readStrictMode } from './strict-mode.ts';

const DATATYPES: readonly string[] = ['float32', 'float16', 'uint8', 'turbo4', 'turbo8', 'turbo16'];

export function parseCreateCollection(
  body: JsonValue | undefined,
  defaults: CollectionDefaults,
): CollectionConfig {
  const object = readObject(body, '');
  const quantization =
    optional(object, 'quantization_config', '', readQuantization) ??
    optional(object, 'quantization', '', readQuantization);
  const vectors = readVectorsConfig(object.vectors);
  const sparseVectors = optional(object, 'sparse_vectors', '', readSparseVectorsConfig) ?? {};
  for (const name of Object.keys(sparseVectors)) {
    if (name === UNNAMED_VECTOR) {
      throw validationError('sparse_vectors', 'a sparse vector must have a name, "" is none');
    }
    if (!Object.hasOwn(vectors, name)) continue;
    throw validationError(`sparse_vectors.${name}`, 'there is a dense vector of that name');
  }
  return present<CollectionConfig>({
    vectors,
    sparseVectors: Object.keys(sparseVectors).length === 0 ? undefined : sparseVectors,
    shardNumber: readShardNumber(object) ?? defaults.shardNumber,
    replicationFactor:
      optional(object, 'replication_factor', '', readPositiveU32) ?? defaults.replicationFactor,
    writeConsistencyFactor:
      optional(object, 'write_consistency_factor', '', readPositiveU32) ??
      defaults.writeConsistencyFactor,
    shardingMethod: object.sharding_method === 'auto' ? 'auto' : undefined,
    onDiskPayload:
      optional(object, 'on_disk_payload', '', readBoolean) ?? COLLECTION_DEFAULTS.onDiskPayload,
    payloadMemory: optional(object, 'payload', '', readPlacement),
    idTrackerMemory: optional(object, 'id_tracker', '', readPlacement),
    readFanOutFactor: undefined,
    readFanOutDelayMs: undefined,
    hnsw: { ...COLLECTION_DEFAULTS.hnsw, ...optional(object, 'hnsw_config', '', readHnsw) },
    optimizers: {
      ...COLLECTION_DEFAULTS.optimizers,
      ...optional(object, 'optimizers_config', '', readOptimizers),
    },
    wal: { ...COLLECTION_DEFAULTS.wal, ...optional(object, 'wal_config', '', readWal) },
    quantization,
    strictMode: optional(object, 'strict_mode_config', '', readStrictMode),
    metadata: optional(object, 'metadata', '', readObject),
  });
}

function readShardNumber(object: JsonObject): number | undefined {
  const method = optional(object, 'sharding_method', '', readString);
  if (method === 'custom') throw unsupported('customSharding');
  if (method !== undefined && method !== 'auto') {
    throw wrongType('sharding_method', method, '`auto` or `custom`');
  }
  return (
    optional(object, 'shard_number', '', readPositiveU32) ??
    optional(object, 'shards_number', '', readPositiveU32)
  );
}

/** One vector's parameters, or such parameters by name; a collection may have none. */
function readVectorsConfig(value: JsonValue | undefined): Record<string, VectorParams> {
  const object = readObject(value ?? {}, 'vectors');
  if (!Object.values(object).every(isObject)) {
    return { [UNNAMED_VECTOR]: readVectorParams(object, 'vectors') };
  }
  const names = Object.keys(object);
  const vectors: Record<string, VectorParams> = {};
  for (const name of names) {
    if (name === '__proto__') throw validationError(`vectors.${name}`, 'is not a vector name');
    vectors[name] = readVectorParams(object[name], `vectors.${name}`);
  }
  return vectors;
}

export function readVectorParams(value: JsonValue | undefined, path: string): VectorParams {
  const object = readObject(value, path);
  const size = readUnsigned(object.size, `${path}.size`);
  const distance = DISTANCES.find((known) => known === object.distance);
  if (distance === undefined) {
    const known = DISTANCES.map((name) => `\`${name}\``).join(', ');
    throw wrongType(`${path}.distance`, object.distance, `one of ${known}`);
  }
  return present<VectorParams>({
    size: checkRange(size, `${path}.size`, 1, VECTOR_SIZE_MAX),
    distance,
    hnsw: optional(object, 'hnsw_config', path, readHnsw),
    onDisk: optional(object, 'on_disk', path, readBoolean),
    memory: optional(object, 'memory', path, readMemory),
    datatype: optional(object, 'datatype', path, readDatatype),
    quantization: optional(object, 'quantization_config', path, readQuantization),
    multivector: optional(object, 'multivector_config', path, readMultivector),
  });
}

function readDatatype(value: JsonValue, path: string): string {
  if (typeof value === 'string' && DATATYPES.includes(value)) return value;
  throw wrongType(path, value, `one of ${DATATYPES.join(', ')}`);
}

function readMultivector(value: JsonValue, path: string): { readonly comparator: 'max_sim' } {
  const { comparator } = readObject(value, path);
  if (comparator === 'max_sim') return { comparator };
  throw wrongType(`${path}.comparator`, comparator, '`max_sim`');
}

export function readSparseVectorsConfig(
  value: JsonValue,
  path: string,
): Record<string, SparseVectorParams> {
  const vectors: Record<string, SparseVectorParams> = {};
  for (const [name, params] of Object.entries(readObject(value, path))) {
    if (name === '__proto__') throw validationError(`${path}.${name}`, 'is not a vector name');
    vectors[name] = readSparseVectorParams(params, `${path}.${name}`);
  }
  return vectors;
}

export function readSparseVectorParams(value: JsonValue, path: string): SparseVectorParams {
  // Clients send null for a vector of which nothing is to be said.
  const object = readObject(value ?? {}, path);
  return present<SparseVectorParams>({
    modifier: optional(object, 'modifier', path, readModifier),
    index: optional(object, 'index', path, readSparseIndex),
  });
}

function readModifier(value: JsonValue, path: string): 'none' | 'idf' {
  if (value === 'none' || value === 'idf') return value;
  throw wrongType(path, value, '`none` or `idf`');
}

/** Settings of a sparse index; sparse vectors are always compared in full, in memory. */
function readSparseIndex(value: JsonValue, path: string): JsonObject {
  const object = readObject(value, path);
  return present<JsonObject>({
    full_scan_threshold: optional(object, 'full_scan_threshold', path, readUnsigned),
    on_disk: optional(object, 'on_disk', path, readBoolean),
    memory: optional(object, 'memory', path, readMemory),
    datatype: optional(object, 'datatype', path, readSparseDatatype),
  });
}

/** The datatypes that are codes of a whole vector are for dense ones only. */
function readSparseDatatype(value: JsonValue, path: string): string {
  const datatype = readDatatype(value, path);
  if (!datatype.startsWith('turbo')) return datatype;
  const rule = `${datatype} is for dense vectors: use float32, float16 or uint8`;
  throw validationError(path, rule);
}
