import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ALL_SHARDS,
  firstShardMap,
  NO_PAYLOAD,
  type PointId,
  type PointOperation,
  type ShardMap,
  type ShardTarget,
  shardId,
} from '@tributary/model';
import fc from 'fast-check';
import { shardMaps } from './arbitraries.ts';
import { shardOfPoint } from './shard-map.ts';
import { splitOperation } from './split-operation.ts';

const ids = fc.array(fc.oneof(fc.nat(), fc.uuid({ version: 4 })), { minLength: 1, maxLength: 50 });
const THREE = firstShardMap([3, 7, 9].map(shardId));

function inOrderOf(map: ShardMap, all: readonly PointId[], shard: ShardTarget): PointId[] {
  return all.filter((id) => shardOfPoint(map, id) === shard);
}

test('each point goes to its own shard, in the order written, and none is lost or doubled', () => {
  fc.assert(
    fc.property(ids, shardMaps, (written, map) => {
      const points = written.map((id) => ({ id, vectors: {}, payload: NO_PAYLOAD }));
      const parts = splitOperation({ kind: 'upsert', points }, map);
      let count = 0;
      for (const { shard, operations } of parts) {
        const [operation] = operations;
        assert.ok(operations.length === 1 && operation?.kind === 'upsert');
        const found = operation.points.map(({ id }) => id);
        assert.deepEqual(found, inOrderOf(map, written, shard));
        count += found.length;
      }
      assert.equal(count, written.length);
      assert.equal(new Set(parts.map(({ shard }) => shard)).size, parts.length);
    }),
  );
});

test('ids go to their own shards', () => {
  fc.assert(
    fc.property(ids, shardMaps, (written, map) => {
      const selector = { kind: 'ids', ids: written } as const;
      for (const { shard, operations } of splitOperation({ kind: 'delete', selector }, map)) {
        const [operation] = operations;
        assert.ok(operation?.kind === 'delete' && operation.selector.kind === 'ids');
        assert.deepEqual(operation.selector.ids, inOrderOf(map, written, shard));
      }
    }),
  );
});

test('what is by filter is one part for all shards', () => {
  const selector = { kind: 'filter', filter: {} } as const;
  const parts = splitOperation({ kind: 'clearPayload', selector }, THREE);
  assert.deepEqual(parts, [
    { shard: ALL_SHARDS, operations: [{ kind: 'clearPayload', selector }] },
  ]);
});

test('vectors to update go to the shard of their point, with the condition of the whole', () => {
  fc.assert(
    fc.property(ids, shardMaps, (written, map) => {
      const points = written.map((id) => ({ id, vectors: { '': Float32Array.of(1) } }));
      const updateFilter = { must: [{ kind: 'isNull' as const, key: 'a' }] };
      const parts = splitOperation({ kind: 'updateVectors', points, updateFilter }, map);
      let count = 0;
      for (const { shard, operations } of parts) {
        const [operation] = operations;
        assert.ok(operation?.kind === 'updateVectors');
        assert.equal(operation.updateFilter, updateFilter);
        const found = operation.points.map(({ id }) => id);
        assert.deepEqual(found, inOrderOf(map, written, shard));
        count += found.length;
      }
      assert.equal(count, written.length);
    }),
  );
});

test('the mode and the condition of an upsert go to every part', () => {
  const points = Array.from({ length: 20 }, (_, id) => ({ id, vectors: {}, payload: NO_PAYLOAD }));
  const condition = { mode: 'updateOnly', updateFilter: { must: [] } } as const;
  for (const { operations } of splitOperation({ kind: 'upsert', points, ...condition }, THREE)) {
    const [operation] = operations;
    assert.ok(operation?.kind === 'upsert');
    const { kind: _kind, points: _points, ...rest } = operation;
    assert.deepEqual(rest, condition);
  }
});

test('a payload index is made and deleted by one part for all shards', () => {
  const operations: PointOperation[] = [
    { kind: 'createFieldIndex', field: 'a', index: { type: 'keyword' } },
    { kind: 'deleteFieldIndex', field: 'a' },
  ];
  for (const operation of operations) {
    const parts = splitOperation(operation, THREE);
    assert.deepEqual(parts, [{ shard: ALL_SHARDS, operations: [operation] }]);
  }
});
