// A client for each peer: this one's replicas directly, the others' over the way that `connectPeer` makes.
//
// A peer that falls silent (stopped, cut off) answers nothing and refuses nothing, so its calls would only end at their
// deadline. A watch ends them as soon as the peer counts as silent, and the callers go on to another replica. A
// time-out short enough to help as much (rejected) would also end slow exact searches.

import type { Metadata } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';
import type { ReplicaClient, ReplicaDirectory } from '@tributary/replica-api';
import { type Clock, pause, TributaryError } from '@tributary/runtime';
import type { AppliedTracker } from '../cluster/applied-tracker.ts';

export interface PeerDirectoryOptions {
  readonly self: PeerId;
  readonly local: ReplicaClient;
  readonly metadata: Metadata;
  readonly tracker: AppliedTracker;
  readonly clock: Clock;
  readonly connectPeer: ConnectPeer;
}

/** The way to another peer. */
export interface PeerLink {
  readonly client: ReplicaClient;
  /** True while it is known that calls would fail. */
  readonly isBroken: boolean;
  /** Ends the calls in flight, because the peer has fallen silent. */
  abandon(): void;
  close(): void;
}

export type ConnectPeer = (peer: PeerId, uri: string) => PeerLink;

interface Remote {
  readonly uri: string;
  readonly link: PeerLink;
}

const WATCH_MS = 100;
const WATCH_LATE_MS = 400;

export class PeerDirectory implements ReplicaDirectory, AsyncDisposable {
  readonly self: PeerId;
  readonly #options: PeerDirectoryOptions;
  readonly #remotes = new Map<PeerId, Remote>();
  readonly #stopped = new AbortController();
  readonly #watching: Promise<void>;

  constructor(options: PeerDirectoryOptions) {
    this.self = options.self;
    this.#options = options;
    this.#watching = this.#watch();
  }

  at(peer: PeerId): ReplicaClient {
    if (peer === this.self) return this.#options.local;
    return this.#remote(peer)?.link.client ?? unknownPeer(peer);
  }

  isReachable(peer: PeerId): boolean {
    if (peer === this.self) return true;
    const { tracker } = this.#options;
    // A busy one will answer, but another one sooner.
    if (!tracker.isAlive(peer) || tracker.isBusy(peer)) return false;
    return !(this.#remotes.get(peer)?.link.isBroken ?? false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    for (const peer of [...this.#remotes.keys()]) this.#drop(peer);
    await this.#watching;
  }

  #remote(peer: PeerId): Remote | undefined {
    const uri = this.#options.metadata.state.peers.get(peer)?.uri;
    const present = this.#remotes.get(peer);
    if (present !== undefined && present.uri === uri) return present;
    if (present !== undefined) this.#drop(peer);
    if (uri === undefined || this.#stopped.signal.aborted) return undefined;
    const remote = { uri, link: this.#options.connectPeer(peer, uri) };
    this.#remotes.set(peer, remote);
    return remote;
  }

  #drop(peer: PeerId): void {
    const remote = this.#remotes.get(peer);
    if (remote === undefined) return;
    this.#remotes.delete(peer);
    remote.link.close();
  }

  async #watch(): Promise<void> {
    const { clock, tracker, metadata } = this.#options;
    while (!this.#stopped.signal.aborted) {
      const startedMs = clock.monotonicMs();
      await pause(clock, WATCH_MS, this.#stopped.signal);
      // After a pause of this very process the reports of the others still wait to be read.
      if (clock.monotonicMs() - startedMs > WATCH_LATE_MS) continue;
      for (const [peer, remote] of [...this.#remotes]) {
        if (!metadata.state.peers.has(peer)) this.#drop(peer);
        else if (!tracker.isAlive(peer)) remote.link.abandon();
      }
    }
  }
}

function unknownPeer(peer: PeerId): ReplicaClient {
  return {
    call: () =>
      Promise.reject(new TributaryError('unavailable', `the address of peer ${peer} is not known`)),
  };
}
