// The way to another peer behind a breaker: after several failures it is not even tried for a while.

import type { ReplicaClient } from '@tributary/replica-api';
import { Breaker } from './breaker.ts';
import type { PeerLink } from './replica-directory.ts';

/** A way to the replicas of another peer, without a guard. */
export interface PeerWay extends ReplicaClient {
  /** Ends the calls in flight, because the peer has fallen silent. */
  abandon(): void;
  close(): void;
}

const RESET_TIMEOUT_MS = 1_000;

/** `name` is the peer's, for the texts of errors; `inFlightMax` bounds the calls at one time. */
export function guardedPeer(way: PeerWay, name: string, inFlightMax: number): PeerLink {
  const breaker = new Breaker({ name, inFlightMax, resetTimeoutMs: RESET_TIMEOUT_MS });
  return {
    client: {
      call: (target, call, signal, hold) =>
        breaker.run(() => way.call(target, call, signal, hold), signal),
    },
    get isBroken() {
      return breaker.isOpen;
    },
    abandon: () => way.abandon(),
    close: () => {
      breaker.close();
      way.close();
    },
  };
}
