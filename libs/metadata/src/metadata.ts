// How a peer sees the cluster's metadata: its own fold of META, and proposals against it.

import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataState } from './metadata-state.ts';

export interface Metadata {
  /** The fold so far. */
  readonly state: MetadataState;

  /** Calls back after every event folded, until disposed. */
  subscribe(listener: (state: MetadataState) => void): Disposable;

  /** Resolves to the first state, now or later, for which the predicate holds; rejects when the signal aborts. */
  waitFor(
    predicate: (state: MetadataState) => boolean,
    signal: AbortSignal,
  ): Promise<MetadataState>;

  /**
   * Appends what `decide` makes of the current state and resolves to a state that has it folded. `decide` is called
   * again whenever another event came first; it returns undefined where nothing is to be done, and throws to refuse.
   * Errors: those of `decide`; `bad_request` where the reducer would refuse the event; `unavailable` without a quorum.
   */
  propose(
    decide: (state: MetadataState) => MetadataEvent | undefined,
    signal: AbortSignal,
  ): Promise<MetadataState>;

  /** Resolves to a state that has every event folded that was in the log when it was called. */
  sync(signal: AbortSignal): Promise<MetadataState>;
}
