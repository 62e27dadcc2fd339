// The content of every replica on a peer, as a hash that is worked out again from its records.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PeerProcess } from '@tributary/infra';
import { type ReplicaPlace, verified } from './replica-view.ts';

/** The folders of the stores on the peer, named `<shard>-<collection id>`. */
export function storesOf(peer: PeerProcess): string[] {
  const folder = join(peer.folder, 'replicas');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** The replicas whose stores are on the peer, whatever collection they belong to. */
export function replicasOn(peer: PeerProcess): ReplicaPlace[] {
  return storesOf(peer).map((folder) => {
    const dash = folder.indexOf('-');
    return {
      collection: folder.slice(dash + 1),
      shard: Number(folder.slice(0, dash)),
      peer,
      state: 'Active',
    };
  });
}

/** By shard and collection. Fails where a store's records are not what its running hash says. */
export async function hashesOf(
  places: readonly ReplicaPlace[],
): Promise<ReadonlyMap<string, string>> {
  const hashes = await Promise.all(
    places.map(async (place) => {
      const { contentHash, pointsCount } = await verified(place);
      return [`${place.shard}-${place.collection}`, `${pointsCount} ${contentHash}`] as const;
    }),
  );
  return new Map(hashes);
}
