import assert from 'node:assert/strict';
import test from 'node:test';
import { firstShards, type ShardState } from '@tributary/metadata';
import { ALL_SHARDS, firstShardMap, type ShardMap, shardId } from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import fc from 'fast-check';
import { shardIds, shardMaps } from './arbitraries.ts';
import { positionOfPoint } from './point-position.ts';
import { groupSteps, readShards, shardOfPoint, stateOf, writtenShards } from './shard-map.ts';

const pointIds = fc.oneof(fc.nat(), fc.uuid({ version: 4 }));

function withoutReplicas(id: ReturnType<typeof shardId>): ShardState {
  return { id, replicas: new Map() };
}

test('a point has one shard: the id at its position in the list', () => {
  fc.assert(
    fc.property(shardMaps, pointIds, (map, id) => {
      const ids = map.keys.get(null) ?? [];
      assert.equal(shardOfPoint(map, id), ids[positionOfPoint(id, ids.length)]);
      assert.ok(writtenShards(map, [ALL_SHARDS]).includes(shardOfPoint(map, id)));
    }),
  );
});

test('which ids the shards have changes nothing of how points are divided', () => {
  fc.assert(
    fc.property(shardMaps, fc.uniqueArray(pointIds), (map, points) => {
      const ids = map.keys.get(null) ?? [];
      const numbered = firstShardMap(ids.map((_, position) => shardId(position)));
      const parts = (by: ShardMap) => [...atOnce(groupSteps(points, (id) => id, by))];
      assert.deepEqual(
        parts(map),
        parts(numbered).map(([position, part]) => [ids[position], part]),
      );
    }),
  );
});

test('each shard of the map is read once, and every shard applies what is for all', () => {
  fc.assert(
    fc.property(shardIds, (ids) => {
      const ascending = ids.toSorted((a, b) => a - b);
      const collection = firstShards(ascending.map(withoutReplicas));
      assert.deepEqual(
        readShards(collection).map(({ id }) => id),
        ascending,
      );
      const { shardMap } = collection;
      assert.deepEqual(writtenShards(shardMap, [ALL_SHARDS]), ascending);
      assert.deepEqual(writtenShards(shardMap, [...ids, ALL_SHARDS]), ascending);
      assert.deepEqual(writtenShards(shardMap, ids), ids);
    }),
  );
});

test('a shard that the map does not name is not read: its points are those of another division', () => {
  const [old, ...others] = [3, 7, 9].map((id) => withoutReplicas(shardId(id)));
  assert.ok(old);
  const { shards } = firstShards([old, ...others]);
  const { shardMap } = firstShards(others);
  assert.deepEqual(readShards({ shards, shardMap }), others);
});

test('points under a key go to the shards of that key', () => {
  const [a, b] = [shardId(3), shardId(7)];
  const map: ShardMap = {
    generation: 1,
    keys: new Map([
      ['a', [a]],
      ['b', [b]],
    ] as const),
  };
  assert.equal(shardOfPoint(map, 1, 'a'), a);
  assert.equal(shardOfPoint(map, 1, 'b'), b);
  assert.throws(() => shardOfPoint(map, 1), /under a key that the collection has/);
  assert.deepEqual(writtenShards(map, [ALL_SHARDS]), [a, b]);
});

test('a map that names a shard that is not there is a fault, not an empty shard', () => {
  const { shardMap } = firstShards([withoutReplicas(shardId(3))]);
  assert.throws(() => readShards({ shards: new Map(), shardMap }), /3 is none/);
  assert.throws(() => stateOf(new Map(), shardId(3)), /3 is none/);
});
