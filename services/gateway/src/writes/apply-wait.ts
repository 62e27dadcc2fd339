// When a write counts as completed: for every shard it touched, `write_consistency_factor` Active replicas announced
// that they have applied it. The other Active replicas that are alive get a short grace, so that a read at any peer
// sees the write; one that is stopped or slow delays no one for longer than that, and one that is more than a second
// behind not at all: without a bound one slow disk would stop all writers, without the grace a client would miss its
// own write at another peer. Replicas that are not Active are read by no one and caught up before they are, so they
// neither count nor delay.

import type { CollectionState, Metadata } from '@tributary/metadata';
import type { CollectionId, PeerId, ReplicaState, Sequence, ShardId } from '@tributary/model';
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
  /** Every Active replica, not only as many as the factor asks for. */
  readonly everyReplica: boolean;
}

type Counts = (replica: {
  readonly shard: ShardId;
  readonly peer: PeerId;
  readonly state: ReplicaState;
}) => boolean;

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
    const { sequences } = target;
    const { id } = target.collection;
    const wanted = { collection: id, sequences };
    await tracker.waitUntil(wanted, () => this.#isCompleted(target), signal);
    const isAtFollowers = () => this.#isAppliedAt(target, this.#isFollowing(id));
    if (!isAtFollowers()) {
      using grace = startDeadline(clock, graceMs, signal, 'the wait for the other replicas');
      // Completed all the same where it ends first: these replicas are only behind.
      await tracker.waitUntil(wanted, isAtFollowers, grace.signal).catch(() => {});
    }
    return this.#isAppliedAt(target, () => true);
  }

  #isCompleted(target: AppliedTarget): boolean {
    const isActive: Counts = ({ state }) => state === 'Active';
    if (target.everyReplica && !this.#isAppliedAt(target, isActive)) return false;
    const factor = target.collection.config.writeConsistencyFactor;
    for (const [shard, sequence] of target.sequences) {
      const replicas = this.#replicas(target, shard);
      let applied = 0;
      for (const [peer, state] of replicas) {
        if (state === 'Active' && this.#hasApplied(target, shard, peer, sequence)) applied++;
      }
      if (applied < Math.min(factor, replicas.size)) return false;
    }
    return true;
  }

  /** Active, alive, applying, and not so far behind that the grace would be in vain. */
  #isFollowing(collection: CollectionId): Counts {
    const { tracker } = this.#options;
    return ({ shard, peer, state }) =>
      state === 'Active' &&
      tracker.isAlive(peer) &&
      !tracker.isHalted(collection, shard, peer) &&
      !tracker.isFarBehind(collection, shard, peer);
  }

  #isAppliedAt(target: AppliedTarget, counts: Counts): boolean {
    for (const [shard, sequence] of target.sequences) {
      for (const [peer, state] of this.#replicas(target, shard)) {
        if (!counts({ shard, peer, state })) continue;
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
    return now.shards.get(shard)?.replicas ?? new Map();
  }
}
