// Makes the peer known to the cluster: its address, its version and what that knows, where one of them has changed.

import type { Metadata } from '@tributary/metadata';
import { FEATURE_LEVEL, type PeerId } from '@tributary/model';
import { VERSION } from './version.ts';

export interface Member {
  readonly metadata: Metadata;
  readonly self: PeerId;
  readonly uri: string;
}

export async function joinCluster(
  { metadata, self, uri }: Member,
  signal: AbortSignal,
): Promise<void> {
  const now = { uri, version: VERSION, featureLevel: FEATURE_LEVEL };
  await metadata.propose(({ peers }) => {
    const known = peers.get(self);
    const isKnown =
      known?.uri === now.uri &&
      known.version === now.version &&
      known.featureLevel === now.featureLevel;
    return isKnown ? undefined : { kind: 'peerJoined', peer: self, ...now };
  }, signal);
}
