// How a gateway asks a replica, wherever it runs: in this process, or at another peer over the p2p port.

import type { PeerId } from '@tributary/model';
import type {
  AppliedReport,
  Introduction,
  ReplicaAddress,
  ReplicaAnswers,
  ReplicaCall,
  ReplicaCallKind,
  ResourceReport,
} from '@tributary/wire';

export type CallOf<K extends ReplicaCallKind> = Extract<ReplicaCall, { kind: K }>;

export interface ReplicaClient {
  /**
   * Errors: `not_found` (no such replica here), `unavailable` (peer or replica out of reach, or not yet open),
   * `timeout`, `cancelled` (the signal), `wrong_input` (unknown vector name, wrong dimension), `corrupt`; what `hold`
   * throws, which is called with the bytes of a large answer as they come, before they are kept.
   */
  call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]>;
}

/** What a peer serves to the others on the p2p port. */
export interface PeerHandlers {
  readonly replicas: ReplicaClient;
  /** The same, asked within the span of the asking peer; absent where nothing is traced. */
  readonly replicasWithin?: (traceparent: string) => ReplicaClient;
  introduce(): Introduction;
}

/** A client for each peer of the cluster, this one included. */
export interface ReplicaDirectory {
  readonly self: PeerId;
  /** The client of a peer; `unavailable` at call time where its address is not known. */
  at(peer: PeerId): ReplicaClient;
  /** False while the breaker of the peer is open, it is busy, or it has not been heard of lately. */
  isReachable(peer: PeerId): boolean;
}

/**
 * A peer whose main thread has not turned for so long is taken for silent, though another thread of it still reports:
 * it answers no one, and no work of a slice explains it. Far beyond a garbage collection of some gigabytes, or a
 * machine that swaps.
 */
export const STUCK_MS = 30_000;

/** Whether the report says that its peer lives: it answers, or it is busy and will. */
export function isSignOfLife({ busyMs = 0 }: AppliedReport): boolean {
  return busyMs < STUCK_MS;
}

/** Reports of what peers use of their machines, on a channel that may lose some of them. */
export interface ResourceReports {
  publish(report: ResourceReport): void;
  /** Calls back for every peer's reports, this one's included, until disposed. */
  subscribe(listener: (report: ResourceReport) => void): Disposable;
}

/** Reports of how far replicas have applied, on a channel that may lose some of them. */
export interface AppliedReports {
  publish(report: AppliedReport): void;
  /** Calls back for every peer's reports, this one's included, until disposed. */
  subscribe(listener: (report: AppliedReport) => void): Disposable;
}
