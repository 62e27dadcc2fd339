// Up to where each peer has folded META, as it reports. Whoever changed the metadata here waits a moment for the
// others, so that a client that goes on at another peer finds there what was answered as done.
//
// Invariant: a peer that is silent, or stuck, delays a change by the grace at most, and one that never said how far it
// is not at all.

import type { MetadataState } from '@tributary/metadata';
import type { PeerId, Sequence } from '@tributary/model';
import type { AppliedReports } from '@tributary/replica-api';
import { type Clock, startDeadline } from '@tributary/runtime';

export interface MetadataSpreadOptions {
  readonly self: PeerId;
  readonly metadata: { readonly state: MetadataState };
  readonly reports: Pick<AppliedReports, 'subscribe'>;
  readonly isAlive: (peer: PeerId) => boolean;
  readonly clock: Clock;
  readonly graceMs: number;
}

interface Waiting {
  readonly sequence: Sequence;
  resolve(): void;
}

export class MetadataSpread implements Disposable {
  readonly #options: MetadataSpreadOptions;
  readonly #folded = new Map<PeerId, Sequence>();
  readonly #waiting = new Set<Waiting>();
  readonly #subscription: Disposable;

  constructor(options: MetadataSpreadOptions) {
    this.#options = options;
    this.#subscription = options.reports.subscribe(({ peer, metadataSequence }) => {
      if (metadataSequence === undefined) return;
      this.#folded.set(peer, metadataSequence);
      for (const waiting of this.#waiting) if (this.#isAt(waiting.sequence)) waiting.resolve();
    });
  }

  /** Undefined where the peer never said. */
  sequenceOf(peer: PeerId): Sequence | undefined {
    const { self, metadata } = this.#options;
    return peer === self ? metadata.state.sequence : this.#folded.get(peer);
  }

  /** Resolves once every other live peer has folded what this one has, or the grace is over. Errors: the signal's. */
  async settled(signal: AbortSignal): Promise<void> {
    const { metadata, clock, graceMs } = this.#options;
    const { sequence } = metadata.state;
    if (this.#isAt(sequence)) return;
    using grace = startDeadline(clock, graceMs, signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { sequence, resolve };
    this.#waiting.add(waiting);
    grace.signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(waiting);
    signal.throwIfAborted();
  }

  /** Forgets peers that are no more. */
  retain({ peers }: MetadataState): void {
    for (const peer of this.#folded.keys()) if (!peers.has(peer)) this.#folded.delete(peer);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const { resolve } of this.#waiting) resolve();
  }

  #isAt(sequence: Sequence): boolean {
    const { self, metadata, isAlive } = this.#options;
    return [...metadata.state.peers.keys()].every((peer) => {
      const folded = this.#folded.get(peer);
      return peer === self || folded === undefined || folded >= sequence || !isAlive(peer);
    });
  }
}
