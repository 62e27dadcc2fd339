// Knows how far each replica of the cluster has applied its stream, and which peers were heard of lately. Fed by
// AppliedReports, a channel that may lose some: what changed is repeated, and where a peer was not heard of for a while
// all is asked for, so a lost one only delays. What a replica announced is a fact; that it is alive is a guess from the
// age of its last report. Reports of life come from a thread of their own and say how busy the answering one is: a busy
// peer is not a silent one.
//
// Invariant: a waiter is resolved by the first report that makes its condition true, or rejected by its signal; there
// are never more than `waitersMax`.

import type { CollectionId, PeerId, Sequence, ShardId } from '@tributary/model';
import { type AppliedReports, isSignOfLife } from '@tributary/replica-api';
import { type Clock, TributaryError } from '@tributary/runtime';
import type { AppliedReport } from '@tributary/wire';

export interface AppliedTrackerOptions {
  readonly self: PeerId;
  readonly reports: AppliedReports;
  readonly clock: Clock;
  /** A peer not heard of for this long counts as gone. */
  readonly silentAfterMs: number;
  readonly waitersMax: number;
}

/** Slices end after a few milliseconds; a thread that turns no more for this long has met something else. */
const BUSY_MS = 250;

interface Waiter {
  readonly condition: () => boolean;
  readonly settle: (error?: unknown) => void;
}

export class AppliedTracker implements Disposable {
  readonly #options: AppliedTrackerOptions;
  readonly #startedMs: number;
  readonly #heardMs = new Map<PeerId, number>();
  /** For how long the main thread of each had not turned when that was last reported. */
  readonly #busyMs = new Map<PeerId, number>();
  readonly #applied = new Map<CollectionId, Map<ShardId, Map<PeerId, Sequence>>>();
  readonly #revisions = new Map<CollectionId, number>();
  readonly #waiters = new Map<CollectionId, Set<Waiter>>();
  readonly #subscription: Disposable;
  #waiterCount = 0;

  constructor(options: AppliedTrackerOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.#subscription = options.reports.subscribe((report) => this.#take(report));
  }

  /** Last announced sequence; undefined where the replica was never heard of. */
  appliedSequence(collection: CollectionId, shard: ShardId, peer: PeerId): Sequence | undefined {
    return this.#applied.get(collection)?.get(shard)?.get(peer);
  }

  /** Another number after each report that a replica of the collection has applied more. */
  revisionOf(collection: CollectionId): number {
    return this.#revisions.get(collection) ?? 0;
  }

  /** A peer never heard of is given the benefit of the doubt until a report was due. */
  isAlive(peer: PeerId): boolean {
    if (peer === this.#options.self) return true;
    const heardMs = this.#heardMs.get(peer) ?? this.#startedMs;
    return this.#options.clock.monotonicMs() - heardMs < this.#options.silentAfterMs;
  }

  /** Whether the peer lives but answers late just now: its main thread has not turned for a while. */
  isBusy(peer: PeerId): boolean {
    return (this.#busyMs.get(peer) ?? 0) > BUSY_MS;
  }

  /**
   * Resolves once the condition holds; it is asked now and after every report on the collection. Errors: what the
   * condition throws, the signal's reason, `unavailable` when too many wait already.
   */
  async waitUntil(
    collection: CollectionId,
    condition: () => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    if (condition()) return;
    if (this.#waiterCount >= this.#options.waitersMax) {
      throw new TributaryError('unavailable', 'too many writes are waiting to be applied');
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => waiter.settle(signal.reason);
      const waiter: Waiter = {
        condition,
        settle: (error) => {
          signal.removeEventListener('abort', onAbort);
          this.#remove(collection, waiter);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#add(collection, waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Asks every condition again after the metadata changed, and forgets collections that are gone. */
  retain(collections: ReadonlySet<CollectionId>): void {
    for (const collection of this.#applied.keys()) {
      if (collections.has(collection)) continue;
      this.#applied.delete(collection);
      this.#revisions.delete(collection);
    }
    for (const collection of [...this.#waiters.keys()]) this.#recheck(collection);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    const gone = new TributaryError('cancelled', 'the gateway is closing');
    for (const waiters of this.#waiters.values()) {
      for (const waiter of [...waiters]) waiter.settle(gone);
    }
  }

  #take(report: AppliedReport): void {
    this.#busyMs.set(report.peer, report.busyMs ?? 0);
    if (isSignOfLife(report)) this.#hear(report.peer);
    const changed = new Set<CollectionId>();
    for (const replica of report.replicas) {
      const byPeer = this.#peersOf(replica.collection, replica.shard);
      if (byPeer.get(report.peer) === replica.appliedSequence) continue;
      byPeer.set(report.peer, replica.appliedSequence);
      changed.add(replica.collection);
    }
    for (const collection of changed) {
      this.#revisions.set(collection, this.revisionOf(collection) + 1);
      this.#recheck(collection);
    }
  }

  /** What a peer reported while it was not heard of, or this one was cut off, is not known here. */
  #hear(peer: PeerId): void {
    const { self, clock, silentAfterMs, reports } = this.#options;
    const nowMs = clock.monotonicMs();
    const heardMs = this.#heardMs.get(peer) ?? Number.NEGATIVE_INFINITY;
    this.#heardMs.set(peer, nowMs);
    if (nowMs - heardMs >= silentAfterMs) {
      reports.publish({ peer: self, replicas: [], asksForAll: true });
    }
  }

  #recheck(collection: CollectionId): void {
    for (const waiter of [...(this.#waiters.get(collection) ?? [])]) check(waiter);
  }

  #peersOf(collection: CollectionId, shard: ShardId): Map<PeerId, Sequence> {
    let shards = this.#applied.get(collection);
    if (shards === undefined) {
      shards = new Map();
      this.#applied.set(collection, shards);
    }
    let peers = shards.get(shard);
    if (peers === undefined) {
      peers = new Map();
      shards.set(shard, peers);
    }
    return peers;
  }

  #add(collection: CollectionId, waiter: Waiter): void {
    const waiters = this.#waiters.get(collection) ?? new Set();
    this.#waiters.set(collection, waiters.add(waiter));
    this.#waiterCount++;
  }

  #remove(collection: CollectionId, waiter: Waiter): void {
    const waiters = this.#waiters.get(collection);
    if (!waiters?.delete(waiter)) return;
    this.#waiterCount--;
    if (waiters.size === 0) this.#waiters.delete(collection);
  }
}

function check(waiter: Waiter): void {
  try {
    if (waiter.condition()) waiter.settle();
  } catch (error) {
    waiter.settle(error);
  }
}
