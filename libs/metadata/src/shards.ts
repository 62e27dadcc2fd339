// The shards of a collection: each has an id, which no other shard of the collection has before or after it. A peer
// that was away knows what lies in its folders by these ids, so one that was used again would pass for another shard.
//
// Invariant: ids are below `nextShardId`, which never goes down, and the shard map names shards that are there, each
// at most once: a point belongs to one shard.

import { firstShardMap, type ShardId, shardId } from '@tributary/model';
import type { PlacedShard } from './metadata-event.ts';
import type { CollectionState, MetadataState, ShardState } from './metadata-state.ts';
import { refuseReplicasAt } from './peers.ts';

type Shards = Pick<CollectionState, 'shards' | 'nextShardId' | 'shardMap'>;

/** Why shards cannot be added to a collection, as a sentence for the user; undefined where they can. */
export function refusePlacedShards(
  state: Pick<MetadataState, 'peers'>,
  nextShardId: ShardId,
  placed: readonly PlacedShard[],
): string | undefined {
  let next = nextShardId;
  for (const { id, peers } of placed) {
    if (id < next) return `Shard id ${id} cannot be given to a new shard, the next is ${next}`;
    next = shardId(id + 1);
    if (peers.length === 0) return `Shard ${id} has no replica`;
    if (new Set(peers).size !== peers.length) return `Shard ${id} has a peer twice`;
    const refused = refuseReplicasAt(state, peers);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** The first shards of a collection, in ascending order; its points are divided among all of them. */
export function firstShards(shards: readonly ShardState[]): Shards {
  const ids = shards.map(({ id }) => id);
  return {
    shards: new Map(shards.map((shard) => [shard.id, shard])),
    nextShardId: shardId((ids.at(-1) ?? -1) + 1),
    shardMap: firstShardMap(ids),
  };
}

export function newShard({ id, peers }: PlacedShard): ShardState {
  return { id, replicas: new Map(peers.map((peer) => [peer, 'Initializing'])) };
}

/** Whether the invariant holds; it is not taken for granted of what was stored. */
export function areConsistent({ shards, nextShardId, shardMap }: Shards): boolean {
  const ids = [...shards.keys()];
  const mapped = [...shardMap.keys.values()].flat();
  return (
    ids.every((id, i) => id < nextShardId && id > (ids[i - 1] ?? -1)) &&
    new Set(mapped).size === mapped.length &&
    mapped.every((id) => shards.has(id))
  );
}
