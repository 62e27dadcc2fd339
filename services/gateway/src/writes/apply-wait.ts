// When a write counts as completed: for every shard it touched, `write_consistency_factor` replicas announced that they
// have applied it. The other replicas that are alive get a short grace, so that a read at any peer sees the write;
// one that is stopped or far behind delays no one for longer than that: without a bound one slow disk would stop all
// writers, without the grace a client would miss its own write at another peer.

import type { CollectionState, Metadata, ReplicaState } from '@tributary/metadata';
import type { PeerId, Sequence, ShardId } from '@tributary/model';
import { collectionNotFound } from '@tributary/qdrant-api';
import { type Clock, startDeadline } from '@tributary/runtime';
import type { AppliedTracker } from '../cluster/applied-tracker.ts';

export interface ApplyWaitOptions {
  readonly tracker: AppliedTracker;
  readonly metadata: Pick<Metadata, 'state'>;
  readonly clock: Clock;
  /** How long live replicas beyond the factor are waited for, in milliseconds. */
  readonly graceMs: number;
}

export interface AppliedTarget {
  readonly collection: CollectionState;
  readonly sequences: ReadonlyMap<ShardId, Sequence>;
  /** Every replica that is not Dead, whatever the factor. */
  readonly everyReplica: boolean;
}

export class ApplyWait {
  readonly #options: ApplyWaitOptions;

  constructor(options: ApplyWaitOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the write is completed, to whether every replica has it by then, those that are silent or Dead too:
   * what is silent now may be heard, and read, in the next moment. Errors: the signal's reason; `not_found` when the
   * collection is dropped.
   */
  async completed(target: AppliedTarget, signal: AbortSignal): Promise<boolean> {
    const { tracker, clock, graceMs } = this.#options;
    const { id } = target.collection;
    await tracker.waitUntil(id, () => this.#isCompleted(target), signal);
    const isAtLiveOnes = () =>
      this.#isAppliedAt(target, (peer, state) => state !== 'Dead' && tracker.isAlive(peer));
    if (!isAtLiveOnes()) {
      using grace = startDeadline(clock, graceMs, signal, 'the wait for the other replicas');
      // Completed all the same where it ends first: these replicas are only behind.
      await tracker.waitUntil(id, isAtLiveOnes, grace.signal).catch(() => {});
    }
    return this.#isAppliedAt(target, () => true);
  }

  #isCompleted(target: AppliedTarget): boolean {
    if (target.everyReplica) return this.#isAppliedAt(target, (_, state) => state !== 'Dead');
    const factor = target.collection.config.writeConsistencyFactor;
    for (const [shard, sequence] of target.sequences) {
      const replicas = this.#replicas(target, shard);
      let applied = 0;
      for (const [peer, state] of replicas) {
        if (state !== 'Dead' && this.#hasApplied(target, shard, peer, sequence)) applied++;
      }
      if (applied < Math.min(factor, replicas.size)) return false;
    }
    return true;
  }

  #isAppliedAt(
    target: AppliedTarget,
    counts: (peer: PeerId, state: ReplicaState) => boolean,
  ): boolean {
    for (const [shard, sequence] of target.sequences) {
      for (const [peer, state] of this.#replicas(target, shard)) {
        if (!counts(peer, state)) continue;
        if (!this.#hasApplied(target, shard, peer, sequence)) return false;
      }
    }
    return true;
  }

  #hasApplied(target: AppliedTarget, shard: ShardId, peer: PeerId, sequence: Sequence): boolean {
    const applied = this.#options.tracker.appliedSequence(target.collection.id, shard, peer);
    return applied !== undefined && applied >= sequence;
  }

  /** The replicas as they are now: they may move while someone waits. */
  #replicas(target: AppliedTarget, shard: ShardId): ReadonlyMap<PeerId, ReplicaState> {
    const { id, name } = target.collection;
    const now = this.#options.metadata.state.collections.get(name);
    if (now?.id !== id) throw collectionNotFound(name);
    return now.shards[shard]?.replicas ?? new Map();
  }
}
