// What a client asked of a collection is what it is told of it, in both languages.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '@tributary/model';
import { CreateCollection } from './gen/collections.ts';
import { createCollectionOf } from './grpc/collection-requests.ts';
import { collectionInfoResponse } from './grpc/collection-responses.ts';
import { parseCreateCollection } from './requests/create-collection.ts';
import { applyCollectionPatch, parseUpdateCollection } from './requests/update-collection.ts';
import { collectionConfigJson } from './responses/collection-json.ts';

const defaults = { shardNumber: 1, replicationFactor: 1, writeConsistencyFactor: 1 };

const HNSW = {
  m: 8,
  ef_construct: 50,
  full_scan_threshold: 20_000,
  max_indexing_threads: 2,
  on_disk: true,
  payload_m: 4,
  inline_storage: true,
  memory: 'pinned',
};
const QUANTIZATION = { scalar: { type: 'int8', quantile: 0.9, always_ram: true, memory: 'cold' } };
const VECTOR = {
  size: 4,
  distance: 'Dot',
  hnsw_config: HNSW,
  quantization_config: QUANTIZATION,
  on_disk: true,
  memory: 'cold',
  datatype: 'float16',
  multivector_config: { comparator: 'max_sim' },
};
const PARAMS = {
  vectors: { a: VECTOR },
  sparse_vectors: {
    s: {
      modifier: 'idf',
      index: { full_scan_threshold: 5, on_disk: true, memory: 'cached', datatype: 'uint8' },
    },
  },
  shard_number: 2,
  sharding_method: 'auto',
  replication_factor: 2,
  write_consistency_factor: 2,
  on_disk_payload: false,
  payload: { memory: 'cached' },
};
const WAL = { wal_capacity_mb: 1, wal_segments_ahead: 2, wal_retain_closed: 3 };
const OPTIMIZERS = {
  deleted_threshold: 0.3,
  vacuum_min_vector_number: 200,
  default_segment_number: 3,
  max_segment_size: 4_000,
  memmap_threshold: 5_000,
  indexing_threshold: 6_000,
  flush_interval_sec: 7,
  max_optimization_threads: 8,
  prevent_unoptimized: true,
};
const STRICT = { enabled: true, max_query_limit: 10, search_max_oversampling: 1.2 };
const PARTS = {
  hnsw_config: HNSW,
  wal_config: WAL,
  quantization_config: QUANTIZATION,
  strict_mode_config: STRICT,
  metadata: { owner: 'x' },
};

function created(): ReturnType<typeof parseCreateCollection> {
  const body: JsonObject = { ...PARAMS, ...PARTS, optimizers_config: OPTIMIZERS };
  return parseCreateCollection(body, defaults);
}

test('every setting of a collection is reported as it was asked for', () => {
  assert.deepEqual(collectionConfigJson(created()), {
    params: PARAMS,
    ...PARTS,
    optimizer_config: OPTIMIZERS,
  });
});

test('a collection made of what gRPC tells of another is like it', () => {
  const config = created();
  const view = {
    config,
    status: 'green',
    pointsCount: 0,
    indexedVectorsCount: 0,
    segmentsCount: 0,
  } as const;
  const told = collectionInfoResponse(view, 0).result?.config;
  assert.ok(told?.params);
  const { params, optimizerConfig: optimizersConfig, ...others } = told;
  const message = { ...params, ...others, optimizersConfig, collectionName: 'copy' };
  // What travels is bytes: a float is a float32 on the other side.
  const bytes = CreateCollection.encode(message).finish();
  const read = createCollectionOf(CreateCollection.decode(bytes), defaults);
  assert.deepEqual(collectionConfigJson(read), collectionConfigJson(config));
});

test('what a change names is reported changed, and nothing else is', () => {
  const patch = parseUpdateCollection({
    vectors: { a: { hnsw_config: { m: 9, memory: 'cold' }, on_disk: false, memory: 'pinned' } },
    params: {
      write_consistency_factor: 1,
      read_fan_out_factor: 2,
      read_fan_out_delay_ms: 30,
      payload: { memory: 'cold' },
    },
    hnsw_config: { inline_storage: false },
  });
  const changed = collectionConfigJson(applyCollectionPatch(created(), patch));
  assert.deepEqual(changed, {
    params: {
      ...PARAMS,
      vectors: {
        a: {
          ...VECTOR,
          hnsw_config: { ...HNSW, m: 9, memory: 'cold' },
          on_disk: false,
          memory: 'pinned',
        },
      },
      write_consistency_factor: 1,
      read_fan_out_factor: 2,
      read_fan_out_delay_ms: 30,
      payload: { memory: 'cold' },
    },
    ...PARTS,
    hnsw_config: { ...HNSW, inline_storage: false },
    optimizer_config: OPTIMIZERS,
  });
});
