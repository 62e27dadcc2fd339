// How long each peer has been silent, as far as this peer can tell.
//
//   heard ──(time passes)──► silent for n ms ──(report)──► heard
//
// Invariant: silence counts only while this peer was awake and connected. A coordinator that was paused or cut off
// heard no one, and that says nothing about the others.

import type { PeerId } from '@tributary/model';
import { unreachable } from '@tributary/runtime';

export interface PeerWatch {
  /** Whole intervals without a report, in milliseconds, of the peers known at the last tick. Never too long. */
  readonly silentMs: ReadonlyMap<PeerId, number>;
  /** Heard in the interval that is not over yet. */
  readonly heard: ReadonlySet<PeerId>;
}

export type PeerWatchEvent =
  | { readonly kind: 'reported'; readonly peer: PeerId }
  /** `peers` are those of the cluster now; a new one starts as just heard. */
  | { readonly kind: 'timePassed'; readonly ms: number; readonly peers: Iterable<PeerId> }
  /** This peer could not hear anybody for a while. */
  | { readonly kind: 'wasCutOff' };

export const NOBODY_WATCHED: PeerWatch = { silentMs: new Map(), heard: new Set() };

export function step(watch: PeerWatch, event: PeerWatchEvent): PeerWatch {
  switch (event.kind) {
    case 'reported':
      if (!watch.silentMs.has(event.peer) || watch.heard.has(event.peer)) return watch;
      return { ...watch, heard: new Set(watch.heard).add(event.peer) };
    case 'timePassed': {
      const silentMs = new Map<PeerId, number>();
      for (const peer of event.peers) {
        const before = watch.silentMs.get(peer);
        const startsAnew = before === undefined || watch.heard.has(peer);
        silentMs.set(peer, startsAnew ? 0 : before + event.ms);
      }
      return { silentMs, heard: new Set() };
    }
    case 'wasCutOff':
      // As if everyone had just been heard.
      return {
        silentMs: new Map([...watch.silentMs.keys()].map((peer) => [peer, 0])),
        heard: new Set(watch.silentMs.keys()),
      };
    default:
      return unreachable(event);
  }
}

/** Peers silent for at least `deadAfterMs`, the longest silent first. */
export function silentPeers(watch: PeerWatch, deadAfterMs: number): PeerId[] {
  return [...watch.silentMs]
    .filter(([, silentMs]) => silentMs >= deadAfterMs)
    .sort(([, a], [, b]) => b - a)
    .map(([peer]) => peer);
}
