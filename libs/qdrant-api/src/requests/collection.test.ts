import assert from 'node:assert/strict';
import test from 'node:test';
import { COLLECTION_DEFAULTS, type JsonValue } from '@tributary/model';
import { refusalOf } from '../refusal.test-support.ts';
import { checkCollectionName } from './collection-parts.ts';
import { parseCreateCollection } from './create-collection.ts';
import { applyCollectionPatch, parseUpdateCollection } from './update-collection.ts';

const defaults = { shardNumber: 3, replicationFactor: 2, writeConsistencyFactor: 1 };
const vectors = { size: 4, distance: 'Dot' };

function create(body: JsonValue) {
  return parseCreateCollection(body, defaults);
}

test('a collection gets the defaults where the request is silent or says null', () => {
  const config = create({ vectors, hnsw_config: { m: 8, ef_construct: null }, shard_number: null });
  assert.deepEqual(config.vectors, { '': vectors });
  assert.equal(config.shardNumber, 3);
  assert.equal(config.replicationFactor, 2);
  assert.equal(config.onDiskPayload, true);
  assert.deepEqual([config.hnsw.m, config.hnsw.efConstruct], [8, 100]);
  assert.deepEqual(config.optimizers, COLLECTION_DEFAULTS.optimizers);
  assert.equal('quantization' in config, false);
});

test('a collection keeps what the request says, named vectors and all', () => {
  const scalar = { scalar: { type: 'int8', quantile: 0.99 } };
  const config = create({
    vectors: { size: { ...vectors, on_disk: true, hnsw_config: { m: 4 } }, b: vectors },
    shard_number: 6,
    replication_factor: 3,
    write_consistency_factor: 2,
    on_disk_payload: false,
    optimizers_config: {
      indexing_threshold: 5,
      max_optimization_threads: 'auto',
      prevent_unoptimized: true,
    },
    wal_config: { wal_capacity_mb: 1 },
    quantization_config: scalar,
    metadata: { owner: 'x' },
  });
  assert.deepEqual(config.vectors, {
    size: { ...vectors, onDisk: true, hnsw: { m: 4 } },
    b: vectors,
  });
  assert.equal(config.optimizers.indexingThresholdKb, 5);
  assert.equal(config.optimizers.preventUnoptimized, true);
  assert.deepEqual(config.wal, { walCapacityMb: 1, walSegmentsAhead: 0 });
  assert.deepEqual(config.quantization, scalar);
  assert.deepEqual(config.metadata, { owner: 'x' });
});

test('a collection that cannot be is refused with the field at fault', () => {
  const invalid = 'Validation error in JSON body: ';
  const refusals: readonly (readonly [JsonValue, string | RegExp])[] = [
    [
      { vectors: { size: 0, distance: 'Dot' } },
      `422 ${invalid}[vectors.size: value 0 invalid, must be from 1 to 65536]`,
    ],
    [{ vectors: { a: { size: 65_537, distance: 'Dot' } } }, /^422 .*vectors\.a\.size: value 65537/],
    [{ vectors: { size: -1, distance: 'Dot' } }, /^400 Format error .*vectors\.size/],
    [
      { vectors: { size: 4, distance: 'cosine' } },
      /^400 .*vectors\.distance: invalid type: "cosine"/,
    ],
    [
      { vectors, hnsw_config: { ef_construct: 3 } },
      /^422 .*hnsw_config\.ef_construct: value 3 invalid/,
    ],
    [{ vectors, hnsw_config: { m: 2_049 } }, /^422 .*hnsw_config\.m: value 2049 invalid/],
    [
      { vectors: { ...vectors, hnsw_config: { ef_construct: 2 ** 40 } } },
      /^422 .*vectors\.hnsw_config\.ef_construct/,
    ],
    [{ vectors, shard_number: 0 }, /^422 .*\[shard_number: value 0 invalid, must be 1 or larger\]/],
    [{ vectors, replication_factor: 0 }, /^422 .*replication_factor/],
    [{ vectors, write_consistency_factor: 0 }, /^422 .*write_consistency_factor/],
    [{ vectors, shard_number: -1 }, /^400 Format error .*shard_number/],
    [{ vectors, replication_factor: -1 }, /^400 Format error .*replication_factor/],
    [
      { vectors, write_consistency_factor: 2 ** 32 },
      /^400 Format error .*write_consistency_factor/,
    ],
    [{ vectors, sharding_method: 'custom' }, /^400 Bad request: .*custom sharding/],
    [{ vectors, sparse_vectors: { a: { modifier: 'bm25' } } }, /^400 .*a\.modifier: invalid type/],
    [{ vectors, sparse_vectors: { '': {} } }, /^422 .*must have a name/],
    [
      { vectors: { ...vectors, multivector_config: { comparator: 'sum' } } },
      /^400 .*multivector_config\.comparator: invalid type: "sum"/,
    ],
    [{ sparse_vectors: { '': {} } }, /^422 .*sparse_vectors: a sparse vector must have a name/],
    [
      { sparse_vectors: { s: { index: { datatype: 'turbo4' } } } },
      /^422 .*index\.datatype: turbo4 is for dense vectors/,
    ],
    [{ vectors: { ...vectors, datatype: 'int4' } }, /^400 .*datatype: invalid type: "int4"/],
    [{ vectors, quantization_config: { x: {} } }, /^400 .*quantization_config/],
    [{ vectors, strict_mode_config: { max_query_limit: 0 } }, /^422 .*max_query_limit/],
    ['x', /^400 .*expected an object/],
  ];
  for (const [body, expected] of refusals) {
    const text = refusalOf(() => create(body));
    if (typeof expected === 'string') assert.equal(text, expected);
    else assert.match(text, expected);
  }
});

test('a collection may have sparse and multi vectors, only such, or none', () => {
  const sparse = { modifier: 'idf', index: { on_disk: true } } as const;
  const config = create({
    vectors: { rows: { ...vectors, multivector_config: { comparator: 'max_sim' } } },
    sparse_vectors: { words: sparse, plain: null },
  });
  assert.deepEqual(config.vectors.rows?.multivector, { comparator: 'max_sim' });
  assert.deepEqual(config.sparseVectors, { words: sparse, plain: {} });
  const patch = parseUpdateCollection({ sparse_vectors: { words: { index: { on_disk: false } } } });
  assert.deepEqual(applyCollectionPatch(config, patch).sparseVectors, {
    words: { modifier: 'idf', index: { on_disk: false } },
    plain: {},
  });
  assert.deepEqual(create({ sparse_vectors: { words: sparse } }).vectors, {});
  assert.deepEqual(create({}).vectors, {});
});

test('a change touches what it names and nothing else', () => {
  const config = create({
    vectors: { a: vectors, b: vectors },
    quantization_config: { binary: {} },
    metadata: { a: 1, b: 1 },
  });
  const patch = parseUpdateCollection({
    vectors: { b: { on_disk: true, hnsw_config: { m: 4 } } },
    params: { replication_factor: 3 },
    optimizers_config: { indexing_threshold: 7 },
    quantization_config: 'Disabled',
    metadata: { b: 2 },
  });
  const { quantization: _off, ...kept } = config;
  assert.deepEqual(applyCollectionPatch(config, patch), {
    ...kept,
    vectors: { a: vectors, b: { ...vectors, onDisk: true, hnsw: { m: 4 } } },
    replicationFactor: 3,
    optimizers: { ...config.optimizers, indexingThresholdKb: 7 },
    metadata: { a: 1, b: 2 },
  });
  assert.deepEqual(applyCollectionPatch(config, parseUpdateCollection({})), config);
});

test('a change of a vector that is not there is refused', () => {
  const patch = parseUpdateCollection({ vectors: { x: { on_disk: true } } });
  const text = refusalOf(() => applyCollectionPatch(create({ vectors }), patch));
  assert.equal(text, '400 Wrong input: Not existing vector name error: x');
});

test('a name that no collection may have is refused, and every other taken', () => {
  for (const name of ['', 'a/b', 'a:b', 'a*', 'x'.repeat(256), 'a\u0000']) {
    assert.match(
      refusalOf(() => checkCollectionName(name)),
      /^422 Validation error in path/,
    );
  }
  for (const name of ['a', 'docs-v2', 'Ünïcode', 'x'.repeat(255)]) {
    assert.equal(checkCollectionName(name), name);
  }
});
