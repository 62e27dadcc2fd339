// Where the replicas of a new collection go.

import type { MetadataState, PlacedShard } from '@tributary/metadata';
import type { PeerId, ShardId } from '@tributary/model';
import { assert } from '@tributary/runtime';

/**
 * The new shards with the peers of their replicas. Always the peers with the fewest replicas so far, equal ones in
 * the order given, so the numbers stay as even as they can. A shard has at most one replica at a peer: with fewer peers
 * than `replicationFactor` it has fewer replicas.
 */
export function placeReplicas(
  peers: readonly PeerId[],
  shards: readonly ShardId[],
  replicationFactor: number,
  replicaCounts: ReadonlyMap<PeerId, number>,
): PlacedShard[] {
  assert(peers.length > 0, 'replicas need a peer to be placed at');
  const counts = new Map(peers.map((peer) => [peer, replicaCounts.get(peer) ?? 0]));
  const countOf = (peer: PeerId) => counts.get(peer) ?? 0;
  return shards.map((id) => {
    // The sort is stable, so equal peers stay in the order given.
    const chosen = [...peers].sort((a, b) => countOf(a) - countOf(b)).slice(0, replicationFactor);
    for (const peer of chosen) counts.set(peer, countOf(peer) + 1);
    return { id, peers: chosen };
  });
}

/** Replicas a peer has, over all collections and in any state. */
export function countReplicas(state: MetadataState): Map<PeerId, number> {
  const counts = new Map<PeerId, number>();
  for (const peer of state.peers.keys()) counts.set(peer, 0);
  for (const collection of state.collections.values()) {
    for (const shard of collection.shards.values()) {
      for (const peer of shard.replicas.keys()) counts.set(peer, (counts.get(peer) ?? 0) + 1);
    }
  }
  return counts;
}
