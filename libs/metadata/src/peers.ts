// The members of the cluster, and how they come and go. A peer joins, is normal once it serves, and may be drained
// before it is removed:
//
//   joining  ──► normal | removed         known to the others, and does not answer clients yet
//   normal   ──► draining | removed       gets replicas of new collections
//   draining ──► normal | removed         keeps what it has until that is moved, and gets nothing new
//   removed                               has left; nothing follows
//
// Invariants: an id that was removed does not come back, as its data folder holds what the others went on without; a
// peer that has replicas is not removed; the last normal peer stays so, as new collections could go nowhere.
//
// The reducer refuses replicas at a draining peer only: at one that is joining they would start late, at a draining one
// they would never leave. `takesReplicas` is what those who place ask.

import type { MemberState, PeerId } from '@tributary/model';
import { assert } from '@tributary/runtime';
import { refuseOlderPeer } from './feature-level.ts';
import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataState, PeerState } from './metadata-state.ts';

type EventOf<K extends MetadataEvent['kind']> = Extract<MetadataEvent, { kind: K }>;

/** What may follow each state of a peer; `removed` by `peerRemoved`, the rest by `peerStateChanged`. */
export const PEER_TRANSITIONS: Readonly<
  Record<MemberState | 'removed', readonly (MemberState | 'removed')[]>
> = {
  joining: ['normal', 'removed'],
  normal: ['draining', 'removed'],
  draining: ['normal', 'removed'],
  removed: [],
};

/** Whether replicas of a new collection may go there. */
export function takesReplicas({ state }: PeerState): boolean {
  return state === 'normal';
}

/** Whether clients are shown the peer: those that wait for it would create their collections before it takes any. */
export function isShown({ state }: PeerState): boolean {
  return state !== 'joining';
}

export function refusePeerJoined(
  state: MetadataState,
  { peer, uri, featureLevel }: EventOf<'peerJoined'>,
): string | undefined {
  if (state.removedPeers.has(peer)) {
    return `Peer ${peer} was removed from the cluster: start it with a new data folder`;
  }
  if (!URL.canParse(uri)) return `Peer ${peer} has no valid URI`;
  return refuseOlderPeer(state, peer, featureLevel);
}

/** One that is known has another address or version now, and stays in its state. */
export function joinPeer(state: MetadataState, event: EventOf<'peerJoined'>): MetadataState {
  const { peer: id, uri, version, featureLevel } = event;
  const known = state.peers.get(id)?.state ?? 'joining';
  return withPeer(state, { id, uri, version, featureLevel, state: known });
}

export function refusePeerStateChanged(
  { peers }: MetadataState,
  { peer, from, to }: EventOf<'peerStateChanged'>,
): string | undefined {
  const current = peers.get(peer)?.state;
  if (current === undefined) return unknownPeer(peer);
  if (current !== from) return `Peer ${peer} is ${current}, not ${from}`;
  if (!PEER_TRANSITIONS[from].includes(to)) return `Peer ${peer} cannot go from ${from} to ${to}`;
  return from === 'normal' ? refuseLastNormal(peers, peer) : undefined;
}

export function changePeerState(
  state: MetadataState,
  { peer, to }: EventOf<'peerStateChanged'>,
): MetadataState {
  const known = state.peers.get(peer);
  assert(known, 'an accepted event names a peer that is there');
  return withPeer(state, { ...known, state: to });
}

export function refusePeerRemoved(
  state: MetadataState,
  { peer }: EventOf<'peerRemoved'>,
): string | undefined {
  if (!state.peers.has(peer)) return unknownPeer(peer);
  for (const { shards } of state.collections.values()) {
    for (const { replicas } of shards.values()) {
      if (replicas.has(peer)) return `Cannot remove peer ${peer} as there are shards on it`;
    }
  }
  return refuseLastNormal(state.peers, peer);
}

function refuseLastNormal(peers: MetadataState['peers'], peer: PeerId): string | undefined {
  const normal = [...peers.values()].filter(takesReplicas).map(({ id }) => id);
  if (normal.length !== 1 || normal[0] !== peer) return undefined;
  return (
    `Peer ${peer} is the only normal peer of the cluster: new collections could go nowhere; ` +
    'let another peer join, or end the draining of one, first'
  );
}

export function removePeer(state: MetadataState, { peer }: EventOf<'peerRemoved'>): MetadataState {
  const peers = new Map(state.peers);
  peers.delete(peer);
  return { ...state, peers, removedPeers: new Set(state.removedPeers).add(peer) };
}

/** Why a shard's new replicas cannot be at these peers; undefined where they can. */
export function refuseReplicasAt(
  { peers }: Pick<MetadataState, 'peers'>,
  chosen: readonly PeerId[],
): string | undefined {
  for (const peer of chosen) {
    const state = peers.get(peer)?.state;
    if (state === undefined) return unknownPeer(peer);
    if (state === 'draining') return `Peer ${peer} is draining and takes no new replica`;
  }
  return undefined;
}

function withPeer(state: MetadataState, peer: PeerState): MetadataState {
  return { ...state, peers: new Map(state.peers).set(peer.id, peer) };
}

function unknownPeer(peer: PeerId): string {
  return `Peer ${peer} does not exist`;
}
