// Reads one's own write at any peer: a read that carries the sequence of a write goes only to replicas that have
// applied it, and waits for them.
//
// A shard's replicas apply the shard's own entries, so a shard the write did not touch never reaches its sequence; that
// it has nothing up to there they only know after a look at the stream. What has to be applied is the last entry of the
// shard up to the token: all of them, where the token lies beyond the last one.

import type { CollectionState, ShardState } from '@tributary/metadata';
import { type CollectionId, type PeerId, type Sequence, sequence } from '@tributary/model';
import { type Clock, startDeadline, TributaryError } from '@tributary/runtime';
import type { WriteStream } from '@tributary/stream';
import type { AppliedTracker } from '../cluster/applied-tracker.ts';

export interface ReadTokensOptions {
  readonly tracker: AppliedTracker;
  readonly streams: {
    open(collection: CollectionId, generation: number): Pick<WriteStream, 'shardHead'>;
  };
  readonly clock: Clock;
}

/** A client of NATS that lost its server finds another within 2 s; a busy machine comes on top. */
const HEAD_WITHIN_MS = 5_000;
const HEAD_AGAIN_MS = 200;

export class ReadTokens {
  readonly #tracker: AppliedTracker;
  readonly #streams: ReadTokensOptions['streams'];
  readonly #clock: Clock;

  constructor({ tracker, streams, clock }: ReadTokensOptions) {
    this.#tracker = tracker;
    this.#streams = streams;
    this.#clock = clock;
  }

  /**
   * Those of the queue, in its order, that have applied `minSequence`; resolves once they are at least `needed`.
   * Errors: the signal's reason; `unavailable` when the stream cannot be asked for its head within 5 s, or too many
   * wait already.
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
        const covered = this.#tracker.coveredSequence(collection.id, shard.id, peer);
        return covered !== undefined && covered >= target;
      });
    const ahead = having(minSequence);
    if (ahead.length >= needed) return ahead;
    const lastSequence = await this.#lastSequence(collection, shard, signal);
    // A shard that nothing was ever written to has nothing to wait for.
    if (lastSequence === 0) return [...queue];
    const target = sequence(Math.min(lastSequence, minSequence));
    const isReached = () => having(target).length >= needed;
    const wanted = { collection: collection.id, sequences: new Map([[shard.id, target]]) };
    await this.#tracker.waitUntil(wanted, isReached, signal);
    return having(target);
  }

  /** Asks again for a while: this peer may just be reconnecting. */
  async #lastSequence(
    collection: CollectionState,
    shard: ShardState,
    signal: AbortSignal,
  ): Promise<Sequence> {
    const stream = this.#streams.open(collection.id, collection.shardMap.generation);
    using deadline = startDeadline(this.#clock, HEAD_WITHIN_MS, signal);
    for (;;) {
      try {
        return (await stream.shardHead(shard.id)).lastSequence;
      } catch (error) {
        signal.throwIfAborted();
        if (TributaryError.from(error).code !== 'unavailable' || deadline.signal.aborted)
          throw error;
        await this.#clock.sleep(HEAD_AGAIN_MS, signal);
      }
    }
  }
}
