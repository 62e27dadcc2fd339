// Which replica is to be declared Dead next.

import { isLastActive, type MetadataEvent, type MetadataState } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';

/**
 * Declares one replica of a silent peer Dead; undefined where there is none left to declare. Never the last Active one
 * of its shard: with nobody to read from, its data would be no nearer. A replica in a transfer is the transfer's affair.
 */
export function nextDeath(
  state: MetadataState,
  silent: readonly PeerId[],
): MetadataEvent | undefined {
  for (const peer of silent) {
    for (const collection of state.collections.values()) {
      for (const shard of collection.shards) {
        const from = shard.replicas.get(peer);
        if (from !== 'Active' && from !== 'Initializing') continue;
        if (isLastActive(shard, peer)) continue;
        return {
          kind: 'replicaStateChanged',
          collection: collection.id,
          shard: shard.id,
          peer,
          from,
          to: 'Dead',
        };
      }
    }
  }
  return undefined;
}
