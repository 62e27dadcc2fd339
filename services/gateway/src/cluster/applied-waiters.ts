// Those who wait until replicas have applied something, found by what they wait for: a report that a replica has
// applied up to a sequence asks only those who wait for that or less, however many wait for more.
//
// Invariant: the queue of a shard is in the order of sequences.

import type { CollectionId, Sequence, ShardId } from '@tributary/model';

/** What must be applied by some replica of a shard before it is worth asking again. */
export interface Wanted {
  readonly collection: CollectionId;
  readonly sequences: ReadonlyMap<ShardId, Sequence>;
}

export interface Waiter {
  readonly wanted: Wanted;
  readonly condition: () => boolean;
  readonly settle: (error?: unknown) => void;
}

interface Queued {
  readonly sequence: Sequence;
  readonly waiter: Waiter;
}

export class AppliedWaiters {
  readonly #all = new Set<Waiter>();
  readonly #queues = new Map<CollectionId, Map<ShardId, Queued[]>>();

  get size(): number {
    return this.#all.size;
  }

  /** Every waiter there is now. */
  get all(): readonly Waiter[] {
    return [...this.#all];
  }

  add(waiter: Waiter): void {
    this.#all.add(waiter);
    for (const [shard, sequence] of waiter.wanted.sequences) {
      const queue = this.#queueOf(waiter.wanted.collection, shard);
      // Writes come in order, so the place is near the end.
      let at = queue.length;
      while (at > 0 && (queue[at - 1]?.sequence ?? 0) > sequence) at--;
      queue.splice(at, 0, { sequence, waiter });
    }
  }

  remove(waiter: Waiter): void {
    if (!this.#all.delete(waiter)) return;
    const { collection, sequences } = waiter.wanted;
    const queues = this.#queues.get(collection);
    for (const shard of sequences.keys()) {
      const queue = queues?.get(shard) ?? [];
      // Those who wait longest are served first, so the place is near the front.
      const at = queue.findIndex((each) => each.waiter === waiter);
      if (at >= 0) queue.splice(at, 1);
      if (queue.length === 0) queues?.delete(shard);
    }
    if (queues?.size === 0) this.#queues.delete(collection);
  }

  /** Those who wait for `applied` of the shard or for less. */
  reached(collection: CollectionId, shard: ShardId, applied: Sequence): Waiter[] {
    const reached: Waiter[] = [];
    for (const { sequence, waiter } of this.#queues.get(collection)?.get(shard) ?? []) {
      if (sequence > applied) break;
      reached.push(waiter);
    }
    return reached;
  }

  #queueOf(collection: CollectionId, shard: ShardId): Queued[] {
    const queues = this.#queues.get(collection) ?? new Map<ShardId, Queued[]>();
    this.#queues.set(collection, queues);
    const queue = queues.get(shard) ?? [];
    queues.set(shard, queue);
    return queue;
  }
}

/** Ends the wait where it is over. */
export function check(waiter: Waiter): void {
  try {
    if (waiter.condition()) waiter.settle();
  } catch (error) {
    waiter.settle(error);
  }
}
