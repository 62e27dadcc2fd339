// Reads one's own write at any peer: a read that carries the sequence of a write goes only to replicas that have applied
// it, and waits for them.
//
// A shard's replicas apply the shard's own entries, so a shard the write did not touch never reaches its sequence. What
// has to be applied is the shard's last entry up to the token: all of them, where the token lies beyond the last one.

import type { CollectionState, ShardState } from '@tributary/metadata';
import { type PeerId, type Sequence, sequence } from '@tributary/model';
import type { WriteStreams } from '@tributary/stream';
import type { AppliedTracker } from './applied-tracker.ts';

export interface ReadTokensOptions {
  readonly tracker: AppliedTracker;
  readonly streams: WriteStreams;
}

export class ReadTokens {
  readonly #tracker: AppliedTracker;
  readonly #streams: WriteStreams;

  constructor({ tracker, streams }: ReadTokensOptions) {
    this.#tracker = tracker;
    this.#streams = streams;
  }

  /**
   * Those of the queue, in its order, that have applied `minSequence`; resolves once they are at least `needed`. Errors:
   * the signal's reason; `unavailable` when the stream cannot be asked for its head, or too many wait already.
   */
  async caughtUp(
    collection: CollectionState,
    shard: ShardState,
    minSequence: Sequence,
    peers: { readonly queue: readonly PeerId[]; readonly needed: number },
    signal: AbortSignal,
  ): Promise<PeerId[]> {
    const { queue, needed } = peers;
    const having = (target: Sequence) =>
      queue.filter((peer) => {
        const applied = this.#tracker.appliedSequence(collection.id, shard.id, peer);
        return applied !== undefined && applied >= target;
      });
    const ahead = having(minSequence);
    if (ahead.length >= needed) return ahead;
    const { lastSequence } = await this.#streams.open(collection.id).shardHead(shard.id);
    // A shard that nothing was ever written to has nothing to wait for.
    if (lastSequence === 0) return [...queue];
    const target = sequence(Math.min(lastSequence, minSequence));
    const isReached = () => having(target).length >= needed;
    await this.#tracker.waitUntil(collection.id, isReached, signal);
    return having(target);
  }
}
