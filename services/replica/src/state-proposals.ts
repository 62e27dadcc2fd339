// Proposes changes of the states of this peer's replicas. While one proposal is under way the changes that come gather;
// then all of them are one event: a peer of five hundred replicas that comes back is a few events, not five hundred.

import {
  type Metadata,
  type MetadataState,
  REPLICA_CHANGES_MAX,
  type ReplicaStateChange,
} from '@tributary/metadata';
import { type Clock, startDeadline } from '@tributary/runtime';

/** The change as it is due in a state of the metadata; undefined where it need not or must not be. */
export type DecideChange = (state: MetadataState) => ReplicaStateChange | undefined;

interface Waiting {
  readonly decide: DecideChange;
  readonly outcome: PromiseWithResolvers<void>;
}

export interface StateProposalsOptions {
  readonly metadata: Pick<Metadata, 'propose'>;
  readonly clock: Clock;
  /** Bound of one proposal, in milliseconds. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

export class StateProposals {
  readonly #options: StateProposalsOptions;
  #waiting: Waiting[] = [];
  #isProposing = false;

  constructor(options: StateProposalsOptions) {
    this.#options = options;
  }

  /**
   * Resolves once the change is made, or is not due any more. Errors: those of `Metadata.propose`, of the event that
   * the change was part of; `timeout`.
   */
  async propose(decide: DecideChange): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    this.#waiting.push({ decide, outcome });
    if (!this.#isProposing) void this.#proposeAll();
    await outcome.promise;
  }

  async #proposeAll(): Promise<void> {
    this.#isProposing = true;
    // Changes of one turn of the event loop go together instead of the first one alone.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, REPLICA_CHANGES_MAX);
      try {
        await this.#proposeGroup(group);
        for (const { outcome } of group) outcome.resolve();
      } catch (error) {
        for (const { outcome } of group) outcome.reject(error);
      }
    }
    this.#isProposing = false;
  }

  async #proposeGroup(group: readonly Waiting[]): Promise<void> {
    const { metadata, clock, withinMs, signal } = this.#options;
    using deadline = startDeadline(clock, withinMs, signal, 'the change of replica states');
    await metadata.propose((state) => {
      const changes = group.flatMap((each) => each.decide(state) ?? []);
      return changes.length === 0 ? undefined : { kind: 'replicaStatesChanged', changes };
    }, deadline.signal);
  }
}
