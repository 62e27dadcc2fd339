// The contract of the META stream: an ordered log of events with compare-and-set on its last sequence.

import type { Sequence } from '@tributary/model';
import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataState } from './metadata-state.ts';

export interface SequencedEvent {
  readonly sequence: Sequence;
  readonly event: MetadataEvent;
}

export interface MetadataLog {
  /**
   * Appends the event iff `expected` is still the last sequence; resolves to the event's sequence.
   * Errors: `precondition_failed` (another event came first: fold it and decide again), `unavailable` (no quorum;
   * certainly not appended), `unknown_outcome`.
   */
  append(event: MetadataEvent, expected: Sequence, signal?: AbortSignal): Promise<Sequence>;

  /**
   * Every event after `after`, in order and without a hole, then those to come; returns when the signal aborts.
   * Errors: `precondition_failed` (events after `after` were let go of: load the snapshot, then follow from there),
   * `corrupt` (an event that cannot be read, or a hole), `unavailable`.
   */
  follow(after: Sequence, signal: AbortSignal): AsyncIterable<SequencedEvent>;

  /** Sequence of the last event in the log; 0 for none. */
  lastSequence(): Promise<Sequence>;

  /** The newest stored fold, from which `follow` can go on; undefined where there is none. */
  loadSnapshot(): Promise<MetadataState | undefined>;

  /** Stores the fold unless a newer one is stored, then lets go of the events it covers. Any peer may call it. */
  storeSnapshot(state: MetadataState): Promise<void>;
}

/** A lease held by at most one peer; `term` grows with every change of holder. */
export interface Lease {
  readonly term: number;
  readonly holder: string;
}

export interface LeaseStore {
  /**
   * Takes or renews the lease for `holder`; resolves to the lease in force, whoever holds it. A lease that its holder
   * has not renewed for `ttlMs` is free. Errors: `unavailable`, `unknown_outcome`; after either the caller holds
   * nothing.
   */
  acquire(holder: string, ttlMs: number): Promise<Lease>;
  current(): Promise<Lease | undefined>;
  /** Gives the lease up where `holder` holds it. */
  release(holder: string): Promise<void>;
}
