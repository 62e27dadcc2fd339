// The replicas of other peers that have stopped applying, as these last reported. Pure.

import type { MetadataState } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';
import type { RemoteHalt } from '../watching/issues.ts';
import type { AppliedTracker } from './applied-tracker.ts';

/** A peer that is silent is left out: what it said last may be long over, and its replicas become Dead. */
export function haltedElsewhere(
  { collections }: MetadataState,
  tracker: Pick<AppliedTracker, 'reported' | 'isAlive'>,
  self: PeerId,
): RemoteHalt[] {
  const halted: RemoteHalt[] = [];
  for (const { id: collection, shards } of collections.values()) {
    for (const { id: shard, replicas } of shards.values()) {
      for (const peer of replicas.keys()) {
        const needs = tracker.reported(collection, shard, peer)?.haltedNeeds;
        if (peer === self || needs === undefined || !tracker.isAlive(peer)) continue;
        halted.push({ collection, shard, peer, needs });
      }
    }
  }
  return halted;
}
