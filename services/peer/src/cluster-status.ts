// What `GET /cluster` says: Qdrant's shape, filled with what guards the metadata here. The commit is the last event of
// META folded, the leader the peer that holds the coordinator's lease, the term that of the lease; the Raft group that
// replicates META stands beside them as its servers tell.

import type { Coordinator } from '@tributary/coordinator';
import { isShown, type Metadata } from '@tributary/metadata';
import { type PeerId, peerId } from '@tributary/model';
import type { ClusterView, ConsensusGroupView, ConsensusView } from '@tributary/qdrant-api';
import { abortable, type Clock, startDeadline, TributaryError } from '@tributary/runtime';

export interface ClusterStatusOptions {
  readonly self: PeerId;
  readonly metadata: Metadata & { readonly pendingProposals: number };
  readonly coordinator: Coordinator;
  /** The group now. Errors: `unavailable` while it has no leader or is out of reach. */
  readonly raft: () => Promise<ConsensusGroupView>;
  readonly clock: Clock;
}

/** A group without a leader does not answer; the rest of the view is known at once. */
const RAFT_WITHIN_MS = 1_000;

export class ClusterStatus implements Disposable {
  readonly #options: ClusterStatusOptions;
  readonly #subscription: Disposable;
  #lastUpdateMs: number;

  constructor(options: ClusterStatusOptions) {
    this.#options = options;
    this.#lastUpdateMs = options.clock.nowMs();
    this.#subscription = options.metadata.subscribe(() => {
      this.#lastUpdateMs = options.clock.nowMs();
    });
  }

  async view(): Promise<ClusterView> {
    const { self, metadata, coordinator } = this.#options;
    const { peers, sequence, clusterId, featureLevel } = metadata.state;
    const { lease } = coordinator;
    const shown = [...peers.values()].filter(isShown);
    const group = await this.#group();
    return {
      peerId: self,
      ...(clusterId && { clusterId }),
      featureLevel,
      peers: new Map(shown.map(({ id, uri, state }) => [id, { uri, state }])),
      term: lease?.term ?? 0,
      commit: sequence,
      pendingOperations: metadata.pendingProposals,
      ...(lease === undefined ? {} : { leader: peerId(Number(lease.holder)) }),
      role: coordinator.isLeading ? 'Leader' : 'Follower',
      isVoter: true,
      consensus: this.#consensus(group),
      sendFailures: new Map(),
      ...(group instanceof TributaryError ? {} : { consensusGroup: group }),
    };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #consensus(group: ConsensusGroupView | TributaryError): ConsensusView {
    if (group instanceof TributaryError) return { kind: 'stopped_with_err', error: group.message };
    return { kind: 'working', lastUpdateMs: this.#lastUpdateMs };
  }

  async #group(): Promise<ConsensusGroupView | TributaryError> {
    const { clock, raft } = this.#options;
    using deadline = startDeadline(
      clock,
      RAFT_WITHIN_MS,
      undefined,
      'the Raft group of the metadata',
    );
    try {
      return await abortable(raft(), deadline.signal);
    } catch (error) {
      return TributaryError.from(error);
    }
  }
}
