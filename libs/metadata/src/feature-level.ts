// Which feature level each kind of event belongs to, see libs/model. An event is only appended once the cluster is at
// its level, so no peer is handed one that it cannot fold.

import { FEATURE_LEVEL, type PeerId } from '@tributary/model';
import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataState } from './metadata-state.ts';

/** A new kind, or a kind with a new field, gets the next level of the program. */
export const EVENT_LEVELS: Readonly<Record<MetadataEvent['kind'], number>> = {
  clusterFounded: 1,
  featureLevelRaised: 1,
  peerJoined: 1,
  peerStateChanged: 1,
  peerRemoved: 1,
  collectionCreated: 1,
  collectionUpdated: 1,
  collectionDeleted: 1,
  vectorNameCreated: 1,
  vectorNameDeleted: 1,
  vectorNameLogged: 1,
  replicaStatesChanged: 1,
  quotasSet: 1,
  aliasesChanged: 1,
};

/** Why no event of the kind may be written yet, as a sentence for the user; undefined where it may. */
export function refuseKind(
  { featureLevel, peers }: MetadataState,
  kind: MetadataEvent['kind'],
  levels = EVENT_LEVELS,
): string | undefined {
  if (levels[kind] <= featureLevel) return undefined;
  const older = [...peers.values()].find((peer) => peer.featureLevel < levels[kind])?.id;
  const who = older === undefined ? 'the cluster has not raised it yet' : `peer ${older} is older`;
  return `This takes feature level ${levels[kind]}, and the cluster is at ${featureLevel}: ${who}`;
}

/** Why the peer cannot be of the cluster; undefined where it can. */
export function refuseOlderPeer(
  { featureLevel }: MetadataState,
  peer: PeerId,
  known: number,
): string | undefined {
  if (known >= featureLevel) return undefined;
  return (
    `Peer ${peer} knows feature level ${known}, and the cluster is at ${featureLevel}: ` +
    'start a newer version'
  );
}

export function refuseRaise(
  { featureLevel, peers }: MetadataState,
  level: number,
): string | undefined {
  if (level <= featureLevel) return `The cluster is at feature level ${featureLevel} already`;
  for (const peer of peers.values()) {
    if (peer.featureLevel < level) {
      return `Peer ${peer.id} knows feature level ${peer.featureLevel} only, not ${level}`;
    }
  }
  return undefined;
}

/**
 * Raises the level to what all peers and the proposer (`known`) know; undefined where the cluster is there already. A
 * peer that runs an older version than it joined with reports so before the metadata says it.
 */
export function raiseDue(
  state: MetadataState,
  known = FEATURE_LEVEL,
  reported: ReadonlyMap<PeerId, number> = new Map(),
): MetadataEvent | undefined {
  const levels = [...state.peers.values()].map(({ id, featureLevel }) =>
    Math.min(featureLevel, reported.get(id) ?? featureLevel),
  );
  const level = Math.min(known, ...levels);
  return refuseRaise(state, level) === undefined
    ? { kind: 'featureLevelRaised', level }
    : undefined;
}
