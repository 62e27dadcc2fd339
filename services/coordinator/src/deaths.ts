// Which replicas are to be declared Dead.

import {
  changeReplica,
  isLastActive,
  type MetadataEvent,
  type MetadataState,
  REPLICA_CHANGES_MAX,
  type ReplicaStateChange,
} from '@tributary/metadata';
import type { PeerId } from '@tributary/model';

/**
 * Declares the replicas of silent peers Dead, in one event; undefined where there is none left to declare. Never the
 * last Active one of its shard: with no replica to read from, its data would be no nearer. A replica in a transfer is
 * the transfer's affair.
 */
export function deaths(state: MetadataState, silent: readonly PeerId[]): MetadataEvent | undefined {
  const changes: ReplicaStateChange[] = [];
  for (const { id: collection, shards } of state.collections.values()) {
    for (const shard of shards.values()) {
      let current = shard;
      for (const peer of silent) {
        const from = current.replicas.get(peer);
        if (from !== 'Active' && from !== 'Initializing') continue;
        if (isLastActive(current, peer)) continue;
        current = changeReplica(current, peer, 'Dead');
        changes.push({ collection, shard: shard.id, peer, from, to: 'Dead' });
        if (changes.length === REPLICA_CHANGES_MAX) return eventOf(changes);
      }
    }
  }
  return changes.length === 0 ? undefined : eventOf(changes);
}

function eventOf(changes: readonly ReplicaStateChange[]): MetadataEvent {
  return { kind: 'replicaStatesChanged', changes };
}
