// The configuration that a client gave is the one it reads back, over both protocols.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CollectionConfig, JsonObject } from '@tributary/model';
import { CreateCollection } from './gen/collections.ts';
import { createCollectionOf } from './grpc/collection-requests.ts';
import { collectionInfoResponse } from './grpc/collection-responses.ts';
import { readTimestamp } from './grpc/timestamps.ts';
import { parseCreateCollection } from './requests/create-collection.ts';
import { applyCollectionPatch, parseUpdateCollection } from './requests/update-collection.ts';
import {
  collectionConfigJson,
  paramsJson,
  writeCollectionInfo,
} from './responses/collection-json.ts';

const defaults = { shardNumber: 1, replicationFactor: 1, writeConsistencyFactor: 1 };

const COUNTS = { pointsCount: 0, indexedVectorsCount: 0, segmentsCount: 0 };

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
  id_tracker: { memory: 'cold' },
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

function created(): CollectionConfig {
  const body: JsonObject = { ...PARAMS, ...PARTS, optimizers_config: OPTIMIZERS };
  return parseCreateCollection(body, defaults);
}

/** What a gRPC client gets to know of the collection, made into a request for another like it. */
function copied(config: CollectionConfig): CreateCollection {
  const view = { config, status: 'green', ...COUNTS } as const;
  const told = collectionInfoResponse(view, 0).result?.config;
  assert.ok(told?.params);
  const { params, optimizerConfig: optimizersConfig, ...others } = told;
  const message = { ...params, ...others, optimizersConfig, collectionName: 'copy' };
  // What travels is bytes: a float is a float32 on the other side.
  return CreateCollection.decode(CreateCollection.encode(message).finish());
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
  const read = createCollectionOf(copied(config), defaults);
  assert.deepEqual(collectionConfigJson(read), collectionConfigJson(config));
});

test('every datatype, placement and form of quantization is kept and reported by both', () => {
  const quantizations: readonly JsonObject[] = [
    ...['bits1', 'bits1_5', 'bits2', 'bits4', 'bits8'].map((bits) => {
      return { turbo: { bits, memory: 'cached' } };
    }),
    ...['x4', 'x64'].map((compression) => ({ product: { compression, memory: 'pinned' } })),
    { binary: { encoding: 'two_bits', query_encoding: 'scalar8bits', memory: 'cold' } },
  ];
  const datatypes = ['float32', 'float16', 'uint8', 'turbo4', 'turbo8', 'turbo16'];
  const vectors = Object.fromEntries([
    ...quantizations.map((quantization_config, i) => {
      return [`q${i}`, { size: 4, distance: 'Dot', quantization_config }];
    }),
    ...datatypes.map((datatype) => [datatype, { size: 4, distance: 'Dot', datatype }]),
  ]);
  const config = parseCreateCollection({ vectors }, defaults);
  assert.deepEqual(paramsJson(config).vectors, vectors);
  const read = createCollectionOf(copied(config), defaults);
  assert.deepEqual(paramsJson(read).vectors, vectors);
});

test('a setting of a kind that is not known is refused, not dropped', () => {
  const vector = (settings: JsonObject) => ({ vectors: { size: 4, distance: 'Dot', ...settings } });
  const bodies: readonly (readonly [JsonObject, RegExp])[] = [
    [vector({ datatype: 'turbo2' }), /vectors\.datatype: invalid type: "turbo2"/],
    [vector({ memory: 'warm' }), /vectors\.memory: invalid type: "warm"/],
    [{ quantization_config: { turbo: { bits: 'bits3' } } }, /turbo\.bits: invalid type: "bits3"/],
    [{ quantization_config: { product: { compression: 'x5' } } }, /product\.compression: inva/],
    [{ quantization_config: { binary: { encoding: 'x' } } }, /binary\.encoding: invalid type/],
    [{ quantization_config: { scalar: { type: 'int8', memory: 1 } } }, /scalar\.memory: invalid/],
    [{ id_tracker: { memory: 'warm' } }, /id_tracker\.memory: invalid type: "warm"/],
    [{ sharding_method: 'manual' }, /sharding_method: invalid type: "manual"/],
  ];
  for (const [body, text] of bodies)
    assert.throws(() => parseCreateCollection(body, defaults), text);
  const later = 99 as never;
  const base = copied(parseCreateCollection(vector({}), defaults));
  const params = base.vectorsConfig?.params;
  assert.ok(params);
  const sparse = (settings: object) => ({ map: new Map([['s', settings]]) });
  const messages: readonly (readonly [Partial<CreateCollection>, RegExp])[] = [
    [{ vectorsConfig: { params: { ...params, datatype: later } } }, /datatype: invalid type: "99"/],
    [{ vectorsConfig: { params: { ...params, memory: later } } }, /memory: invalid type: "99"/],
    [{ vectorsConfig: { params: { ...params, distance: later } } }, /distance: invalid type/],
    [{ quantizationConfig: { turboquant: { bits: later } } }, /turbo\.bits: invalid type: "99"/],
    [{ quantizationConfig: { binary: { encoding: later } } }, /encoding: invalid type: "99"/],
    [{ sparseVectorsConfig: sparse({ modifier: later }) }, /modifier: invalid type: "99"/],
    [{ shardingMethod: later }, /sharding_method: invalid type: "99"/],
    [{ idTracker: { memory: later } }, /id_tracker\.memory: invalid type: "99"/],
  ];
  for (const [changes, text] of messages) {
    assert.throws(() => createCollectionOf({ ...base, ...changes }, defaults), text);
  }
});

test('when a collection was made is reported to the millisecond by both', () => {
  const createdAtMs = Date.UTC(2026, 10, 30, 12, 0, 0, 123);
  const view = { config: created(), createdAtMs, status: 'green', ...COUNTS } as const;
  assert.equal(JSON.parse(writeCollectionInfo(view)).created_at, '2026-11-30T12:00:00.123Z');
  const message = collectionInfoResponse(view, 0).result?.createdAt;
  assert.ok(message);
  assert.equal(Number(readTimestamp(message, 'created_at')), createdAtMs * 1_000);
});

test('what a change names is reported changed, and nothing else is', () => {
  const patch = parseUpdateCollection({
    vectors: { a: { hnsw_config: { m: 9, memory: 'cold' }, on_disk: false, memory: 'pinned' } },
    params: {
      write_consistency_factor: 1,
      read_fan_out_factor: 2,
      read_fan_out_delay_ms: 30,
      payload: { memory: 'cold' },
      id_tracker: { memory: 'pinned' },
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
      id_tracker: { memory: 'pinned' },
    },
    ...PARTS,
    hnsw_config: { ...HNSW, inline_storage: false },
    optimizer_config: OPTIMIZERS,
  });
});
