// Which shards a point, a write and a read concern, by the collection's shard map. Nothing else knows that a hash
// gives a position in a list of ids.
//
// Invariant: a point has exactly one shard, and it is among those that a read of all points asks.

import type { CollectionState, ShardState } from '@tributary/metadata';
import {
  ALL_SHARDS,
  type PointId,
  type ShardId,
  type ShardKey,
  type ShardMap,
  type ShardTarget,
} from '@tributary/model';
import { assert, type Steps } from '@tributary/runtime';
import { positionOfPoint } from './point-position.ts';

/** The shard of the point under its key, null for none. */
export function shardOfPoint(map: ShardMap, id: PointId, key: ShardKey | null = null): ShardId {
  return shardIn(shardsOfKey(map, key), id);
}

/** The items by the shard of their points, in their order. */
export function* groupSteps<T>(
  items: readonly T[],
  idOf: (item: T) => PointId,
  map: ShardMap,
): Steps<ReadonlyMap<ShardId, readonly T[]>> {
  const shards = shardsOfKey(map, null);
  const groups = new Map<ShardId, T[]>();
  for (const item of items) {
    const shard = shardIn(shards, idOf(item));
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [item]);
    else group.push(item);
    yield undefined;
  }
  return groups;
}

/** The shards whose replicas apply what is written to the targets. */
export function writtenShards(map: ShardMap, targets: Iterable<ShardTarget>): readonly ShardId[] {
  const named = [...targets];
  if (named.includes(ALL_SHARDS)) return mappedShards(map);
  return named.filter((target) => target !== ALL_SHARDS);
}

/** The shards that together have every point once, in the order of the map. */
export function readShards({
  shards,
  shardMap,
}: Pick<CollectionState, 'shards' | 'shardMap'>): ShardState[] {
  return mappedShards(shardMap).map((id) => stateOf(shards, id));
}

/** The shard that has the point, as the metadata has it. */
export function stateOf(shards: CollectionState['shards'], id: ShardId): ShardState {
  const shard = shards.get(id);
  assert(shard !== undefined, `a shard map names shards of its collection, and ${id} is none`);
  return shard;
}

function mappedShards({ keys }: ShardMap): readonly ShardId[] {
  return [...keys.values()].flat();
}

function shardsOfKey({ keys }: ShardMap, key: ShardKey | null): readonly ShardId[] {
  const shards = keys.get(key);
  assert(shards !== undefined, 'a point is written under a key that the collection has');
  return shards;
}

function shardIn(shards: readonly ShardId[], id: PointId): ShardId {
  const shard = shards[positionOfPoint(id, shards.length)];
  assert(shard !== undefined, 'a position is one of the list');
  return shard;
}
