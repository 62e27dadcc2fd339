// Spans of entries that came with the trace of who wrote them: from when a replica took an entry up until it had
// committed it. Beside the follower, which knows nothing of it: what is applied does not depend on whether it is
// traced.
//
// Invariant: as many entries are kept as one read of the stream gives, at most.

import type { Sequence } from '@tributary/model';
import type { Clock, EndedSpan } from '@tributary/runtime';
import type { StreamMessage } from '@tributary/stream';
import type { ReplicaAddress } from '@tributary/wire';

export interface AppliedTracesOptions {
  readonly address: ReplicaAddress;
  readonly clock: Clock;
  readonly onSpans: (spans: readonly EndedSpan[]) => void;
}

interface Pending {
  readonly startMs: number;
  readonly causes: readonly string[];
}

export class AppliedTraces {
  readonly #options: AppliedTracesOptions;
  #pending = new Map<Sequence, Pending>();

  constructor(options: AppliedTracesOptions) {
    this.#options = options;
  }

  /** Messages just read, of which nothing is committed yet; those of a read before are forgotten. */
  read(messages: readonly StreamMessage[]): void {
    const startMs = this.#options.clock.nowMs();
    this.#pending = new Map();
    for (const { sequence, traceparents = [] } of messages) {
      if (traceparents.length > 0) this.#pending.set(sequence, { startMs, causes: traceparents });
    }
  }

  /** Everything up to the sequence is committed. */
  committed(upTo: Sequence): void {
    if (this.#pending.size === 0) return;
    const { address, clock, onSpans } = this.#options;
    const endMs = clock.nowMs();
    const spans: EndedSpan[] = [];
    for (const [sequence, { startMs, causes }] of this.#pending) {
      if (sequence > upTo) break;
      this.#pending.delete(sequence);
      const attributes = {
        'tributary.collection': address.collection,
        'tributary.shard': address.shard,
        'tributary.sequence': sequence,
      };
      spans.push({ name: 'apply entry', kind: 'consumer', attributes, startMs, endMs, causes });
    }
    if (spans.length > 0) onSpans(spans);
  }
}
