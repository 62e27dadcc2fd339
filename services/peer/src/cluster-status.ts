// What `GET /cluster` says: Qdrant's shape, filled with what guards the metadata here. The term is the coordinator's,
// the commit the last event of META folded, the leader the peer that holds the coordinator's lease.

import type { Coordinator } from '@tributary/coordinator';
import type { Metadata } from '@tributary/metadata';
import { type PeerId, peerId } from '@tributary/model';
import type { ClusterView } from '@tributary/qdrant-api';
import type { Clock } from '@tributary/runtime';

export interface ClusterStatusOptions {
  readonly self: PeerId;
  readonly metadata: Metadata;
  readonly coordinator: Coordinator;
  readonly connection: { readonly isConnected: boolean };
  readonly clock: Clock;
}

export class ClusterStatus {
  readonly #options: ClusterStatusOptions;
  #lastUpdateMs: number;
  readonly #subscription: Disposable;

  constructor(options: ClusterStatusOptions) {
    this.#options = options;
    this.#lastUpdateMs = options.clock.nowMs();
    this.#subscription = options.metadata.subscribe(() => {
      this.#lastUpdateMs = options.clock.nowMs();
    });
  }

  view(): ClusterView {
    const { self, metadata, coordinator, connection } = this.#options;
    const { peers, sequence } = metadata.state;
    const { lease } = coordinator;
    return {
      peerId: self,
      peers: new Map([...peers.values()].map(({ id, uri }) => [id, uri])),
      term: lease?.term ?? 0,
      commit: sequence,
      pendingOperations: 0,
      ...(lease === undefined ? {} : { leader: peerId(Number(lease.holder)) }),
      role: coordinator.isLeading ? 'Leader' : 'Follower',
      isVoter: true,
      consensus: connection.isConnected
        ? { kind: 'working', lastUpdateMs: this.#lastUpdateMs }
        : { kind: 'stopped_with_err', error: 'the connection to NATS is lost' },
      sendFailures: new Map(),
    };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
