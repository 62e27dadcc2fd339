// Makes the peer known to the cluster, and its address where that has changed.

import type { Metadata } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';

export interface Member {
  readonly metadata: Metadata;
  readonly self: PeerId;
  readonly uri: string;
  readonly version: string;
}

export async function joinCluster(member: Member, signal: AbortSignal): Promise<void> {
  const { metadata, self, uri, version } = member;
  await metadata.propose((state) => {
    const known = state.peers.get(self);
    if (known?.uri === uri && known.version === version) return undefined;
    return { kind: 'peerJoined', peer: self, uri, version };
  }, signal);
}
