import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ALL_SHARDS,
  NO_PAYLOAD,
  type PointId,
  type PointOperation,
  type ShardTarget,
} from '@tributary/model';
import fc from 'fast-check';
import { shardOfPoint } from './shard-of-point.ts';
import { splitOperation } from './split-operation.ts';

const ids = fc.array(fc.oneof(fc.nat(), fc.uuid({ version: 4 })), { minLength: 1, maxLength: 50 });
const shardNumbers = fc.integer({ min: 1, max: 12 });

function inOrderOf(shardNumber: number, all: readonly PointId[], shard: ShardTarget): PointId[] {
  return all.filter((id) => shardOfPoint(id, shardNumber) === shard);
}

test('each point goes to its own shard, in the order written, and none is lost or doubled', () => {
  fc.assert(
    fc.property(ids, shardNumbers, (written, shardNumber) => {
      const points = written.map((id) => ({ id, vectors: {}, payload: NO_PAYLOAD }));
      const parts = splitOperation({ kind: 'upsert', points }, shardNumber);
      let count = 0;
      for (const { shard, operations } of parts) {
        const [operation] = operations;
        assert.ok(operations.length === 1 && operation?.kind === 'upsert');
        const found = operation.points.map(({ id }) => id);
        assert.deepEqual(found, inOrderOf(shardNumber, written, shard));
        count += found.length;
      }
      assert.equal(count, written.length);
      assert.equal(new Set(parts.map(({ shard }) => shard)).size, parts.length);
    }),
  );
});

test('ids go to their own shards', () => {
  fc.assert(
    fc.property(ids, shardNumbers, (written, shardNumber) => {
      const selector = { kind: 'ids', ids: written } as const;
      for (const { shard, operations } of splitOperation(
        { kind: 'delete', selector },
        shardNumber,
      )) {
        const [operation] = operations;
        assert.ok(operation?.kind === 'delete' && operation.selector.kind === 'ids');
        assert.deepEqual(operation.selector.ids, inOrderOf(shardNumber, written, shard));
      }
    }),
  );
});

test('what is by filter is one part for all shards', () => {
  const selector = { kind: 'filter', filter: {} } as const;
  const parts = splitOperation({ kind: 'clearPayload', selector }, 3);
  assert.deepEqual(parts, [
    { shard: ALL_SHARDS, operations: [{ kind: 'clearPayload', selector }] },
  ]);
});

test('vectors to update go to the shard of their point, with the condition of the whole', () => {
  fc.assert(
    fc.property(ids, shardNumbers, (written, shardNumber) => {
      const points = written.map((id) => ({ id, vectors: { '': Float32Array.of(1) } }));
      const updateFilter = { must: [{ kind: 'isNull' as const, key: 'a' }] };
      const parts = splitOperation({ kind: 'updateVectors', points, updateFilter }, shardNumber);
      let count = 0;
      for (const { shard, operations } of parts) {
        const [operation] = operations;
        assert.ok(operation?.kind === 'updateVectors');
        assert.equal(operation.updateFilter, updateFilter);
        const found = operation.points.map(({ id }) => id);
        assert.deepEqual(found, inOrderOf(shardNumber, written, shard));
        count += found.length;
      }
      assert.equal(count, written.length);
    }),
  );
});

test('the mode and the condition of an upsert go to every part', () => {
  const points = Array.from({ length: 20 }, (_, id) => ({ id, vectors: {}, payload: NO_PAYLOAD }));
  const condition = { mode: 'updateOnly', updateFilter: { must: [] } } as const;
  for (const { operations } of splitOperation({ kind: 'upsert', points, ...condition }, 3)) {
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
    const parts = splitOperation(operation, 3);
    assert.deepEqual(parts, [{ shard: ALL_SHARDS, operations: [operation] }]);
  }
});
