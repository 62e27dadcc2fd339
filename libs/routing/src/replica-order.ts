// Which replicas of a shard a read may ask, and in which order.

import type { ShardState } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';

export interface ReplicaOrderOptions {
  readonly self: PeerId;
  readonly isReachable: (peer: PeerId) => boolean;
  /** Any integer from 0; which of several equal replicas comes first. Counting it up spreads reads evenly. */
  readonly tieBreak: number;
}

/**
 * The peers of the shard's Active replicas in the order to try them: this peer, then the reachable ones, then the
 * others, which may have come back. Empty where the shard has no Active replica.
 */
export function orderReplicas(shard: ShardState, options: ReplicaOrderOptions): PeerId[] {
  const { self, isReachable, tieBreak } = options;
  // Every read asks, and most shards of small clusters have no other replica.
  if (shard.replicas.size === 1 && shard.replicas.get(self) === 'Active') return [self];
  const active = [...shard.replicas]
    .filter(([, state]) => state === 'Active')
    .map(([peer]) => peer);
  const own = active.filter((peer) => peer === self);
  const others = rotate(
    active.filter((peer) => peer !== self),
    tieBreak,
  );
  const reachable = others.filter(isReachable);
  return [...own, ...reachable, ...others.filter((peer) => !reachable.includes(peer))];
}

function rotate<T>(items: readonly T[], by: number): T[] {
  if (items.length < 2) return [...items];
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
