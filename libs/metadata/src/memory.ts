// A metadata log and a lease store in memory: the reference of both contracts, and what tests and simulations run on.

import { type Sequence, sequence } from '@tributary/model';
import { type Clock, TributaryError } from '@tributary/runtime';
import { decodeEvent, decodeState, encodeEvent, encodeState } from './codec.ts';
import type { MetadataEvent } from './metadata-event.ts';
import type { Lease, LeaseStore, MetadataLog, SequencedEvent } from './metadata-log.ts';
import type { MetadataState } from './metadata-state.ts';

/** Keeps bytes, not objects, so that what is read went through the codec. */
export class MemoryMetadataLog implements MetadataLog {
  /** Events after `#purged`; the one at index 0 has the sequence `#purged + 1`. */
  readonly #events: Uint8Array[] = [];
  #purged = 0;
  #snapshot: { readonly bytes: Uint8Array; readonly sequence: number } | undefined;
  #appended = Promise.withResolvers<void>();

  async append(event: MetadataEvent, expected: Sequence, signal?: AbortSignal): Promise<Sequence> {
    signal?.throwIfAborted();
    if (expected !== this.#last) {
      throw new TributaryError(
        'precondition_failed',
        `the last metadata event is ${this.#last}, not ${expected}`,
      );
    }
    this.#events.push(encodeEvent(event));
    this.#wake();
    return sequence(this.#last);
  }

  async *follow(after: Sequence, signal: AbortSignal): AsyncIterable<SequencedEvent> {
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (let next = after + 1; !signal.aborted; ) {
        if (next <= this.#purged) {
          throw new TributaryError(
            'precondition_failed',
            `metadata events up to ${this.#purged} are only in the snapshot`,
          );
        }
        const bytes = this.#events[next - this.#purged - 1];
        if (bytes === undefined) {
          await this.#appended.promise;
        } else {
          yield { sequence: sequence(next), event: decodeEvent(bytes) };
          next++;
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async lastSequence(): Promise<Sequence> {
    return sequence(this.#last);
  }

  async loadSnapshot(): Promise<MetadataState | undefined> {
    return this.#snapshot && decodeState(this.#snapshot.bytes);
  }

  async storeSnapshot(state: MetadataState): Promise<void> {
    if (this.#snapshot !== undefined && this.#snapshot.sequence >= state.sequence) return;
    this.#snapshot = { bytes: encodeState(state), sequence: state.sequence };
    this.#events.splice(0, state.sequence - this.#purged);
    this.#purged = state.sequence;
    this.#wake();
  }

  get #last(): number {
    return this.#purged + this.#events.length;
  }

  #wake(): void {
    this.#appended.resolve();
    this.#appended = Promise.withResolvers();
  }
}

export class MemoryLeaseStore implements LeaseStore {
  readonly #clock: Clock;
  #term = 0;
  #held: { readonly lease: Lease; readonly untilMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async acquire(holder: string, ttlMs: number): Promise<Lease> {
    const inForce = this.#inForce();
    if (inForce !== undefined && inForce.holder !== holder) return inForce;
    const lease = inForce ?? { term: ++this.#term, holder };
    this.#held = { lease, untilMs: this.#clock.monotonicMs() + ttlMs };
    return lease;
  }

  async current(): Promise<Lease | undefined> {
    return this.#inForce();
  }

  async release(holder: string): Promise<void> {
    if (this.#held?.lease.holder === holder) this.#held = undefined;
  }

  #inForce(): Lease | undefined {
    const held = this.#held;
    return held !== undefined && this.#clock.monotonicMs() < held.untilMs ? held.lease : undefined;
  }
}
