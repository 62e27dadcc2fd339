// PUT /collections/{name}: a whole configuration, defaults filled in; null means the same as absence.

import type { CollectionConfig, JsonObject, JsonValue, VectorParams } from '@tributary/model';
import { COLLECTION_DEFAULTS, DISTANCES, UNNAMED_VECTOR, VECTOR_SIZE_MAX } from '@tributary/model';
import { validationError } from '../errors.ts';
import { refuseKeys, unsupported } from '../unsupported.ts';
import {
  readHnsw,
  readOptimizers,
  readPositiveU32,
  readQuantization,
  readStrictMode,
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

const DATATYPES: readonly string[] = ['float32', 'float16', 'uint8', 'turbo4'];

export function parseCreateCollection(
  body: JsonValue | undefined,
  defaults: CollectionDefaults,
): CollectionConfig {
  const object = readObject(body, '');
  if (isObject(object.sparse_vectors) && Object.keys(object.sparse_vectors).length > 0) {
    throw unsupported('sparseVectors');
  }
  const quantization =
    optional(object, 'quantization_config', '', readQuantization) ??
    optional(object, 'quantization', '', readQuantization);
  return present<CollectionConfig>({
    vectors: readVectorsConfig(object.vectors),
    shardNumber: readShardNumber(object) ?? defaults.shardNumber,
    replicationFactor:
      optional(object, 'replication_factor', '', readPositiveU32) ?? defaults.replicationFactor,
    writeConsistencyFactor:
      optional(object, 'write_consistency_factor', '', readPositiveU32) ??
      defaults.writeConsistencyFactor,
    onDiskPayload:
      optional(object, 'on_disk_payload', '', readBoolean) ?? COLLECTION_DEFAULTS.onDiskPayload,
    readFanOutFactor: undefined,
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

/** One vector's parameters, or such parameters by name. */
function readVectorsConfig(value: JsonValue | undefined): Record<string, VectorParams> {
  const object = readObject(value ?? {}, 'vectors');
  if (!Object.values(object).every(isObject)) {
    return { [UNNAMED_VECTOR]: readVectorParams(object, 'vectors') };
  }
  const names = Object.keys(object);
  if (names.length === 0) throw unsupported('noVectors');
  const vectors: Record<string, VectorParams> = {};
  for (const name of names) {
    if (name === '__proto__') throw validationError(`vectors.${name}`, 'is not a vector name');
    vectors[name] = readVectorParams(object[name], `vectors.${name}`);
  }
  return vectors;
}

function readVectorParams(value: JsonValue | undefined, path: string): VectorParams {
  const object = readObject(value, path);
  refuseKeys(object, { multivector_config: 'multivectors' });
  const size = readUnsigned(object.size, `${path}.size`);
  const distance = DISTANCES.find((known) => known === object.distance);
  if (distance === undefined) {
    const known = DISTANCES.map((name) => `\`${name}\``).join(', ');
    throw wrongType(`${path}.distance`, object.distance, `one of ${known}`);
  }
  const datatype = optional(object, 'datatype', path, readString);
  if (datatype !== undefined && !DATATYPES.includes(datatype)) {
    throw wrongType(`${path}.datatype`, datatype, `one of ${DATATYPES.join(', ')}`);
  }
  return present<VectorParams>({
    size: checkRange(size, `${path}.size`, 1, VECTOR_SIZE_MAX),
    distance,
    hnsw: optional(object, 'hnsw_config', path, readHnsw),
    onDisk: optional(object, 'on_disk', path, readBoolean),
    datatype,
    quantization: optional(object, 'quantization_config', path, readQuantization),
  });
}
