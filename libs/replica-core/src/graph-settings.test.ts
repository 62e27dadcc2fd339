import assert from 'node:assert/strict';
import test from 'node:test';
import { COLLECTION_DEFAULTS, type CollectionConfig, type StoredDatatype } from '@tributary/model';
import { graphSettingsOf } from './graph-settings.ts';

function settingsOf(
  optimizers: Partial<CollectionConfig['optimizers']>,
  hnsw: Partial<CollectionConfig['hnsw']> = {},
  stored: { datatype?: StoredDatatype } = {},
) {
  const config: CollectionConfig = {
    ...COLLECTION_DEFAULTS,
    vectors: { '': { size: 128, distance: 'Dot', hnsw: { m: 4 } } },
    optimizers: { ...COLLECTION_DEFAULTS.optimizers, ...optimizers },
    hnsw: { ...COLLECTION_DEFAULTS.hnsw, ...hnsw },
  };
  return graphSettingsOf(config, '', { kind: 'dense', size: 128, distance: 'Dot', ...stored });
}

test('thresholds are of the vectors of a shard: 10,000 KB are 20,000 of 128 float32', () => {
  const { graphVectorsMin, tailVectorsMax, smallTailVectorsMax } = settingsOf({});
  assert.deepEqual(
    [graphVectorsMin, tailVectorsMax, smallTailVectorsMax],
    [20_000, 20_000, 20_000],
  );
  const large = settingsOf({ indexingThresholdKb: 50_000 });
  assert.deepEqual([large.graphVectorsMin, large.smallTailVectorsMax], [100_000, 100_000]);
  assert.equal(settingsOf({}, {}, { datatype: 'float16' }).graphVectorsMin, 40_000);
  assert.equal(settingsOf({}, {}, { datatype: 'uint8' }).graphVectorsMin, 80_000);
});

test('a small threshold is kept to, but not by builds that cost more than they save', () => {
  const { graphVectorsMin, tailVectorsMax } = settingsOf({ indexingThresholdKb: 1 });
  assert.equal(graphVectorsMin, 2);
  assert.ok(tailVectorsMax > 1_000, `${tailVectorsMax}`);
});

test('a threshold of 0 builds nothing, and then nothing is late', () => {
  const { graphVectorsMin, tailVectorsMax, smallTailVectorsMax } = settingsOf({
    indexingThresholdKb: 0,
  });
  assert.equal(graphVectorsMin, Number.POSITIVE_INFINITY);
  assert.equal(smallTailVectorsMax, Number.POSITIVE_INFINITY);
  assert.ok(Number.isSafeInteger(tailVectorsMax));
});

test('full_scan_threshold says which tail is short, and settings of a vector go first', () => {
  const settings = settingsOf({ indexingThresholdKb: 1 }, { fullScanThresholdKb: 100 });
  assert.equal(settings.smallTailVectorsMax, 200);
  assert.equal(settings.m, 4);
  assert.equal(settingsOf({ deletedThreshold: 0 }).deletedShareMax, 0.01);
  assert.equal(settingsOf({ vacuumMinVectorNumber: 300 }).wornVectorsMin, 300);
});
