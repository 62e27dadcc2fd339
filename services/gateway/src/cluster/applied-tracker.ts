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
import type { AppliedReplica, AppliedReport } from '@tributary/wire';
import { AppliedHistory } from './applied-history.ts';
import { AppliedWaiters, check, type Waiter, type Wanted } from './applied-waiters.ts';

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

/** A replica that lacks what another one had so long ago is far behind. */
const FAR_BEHIND_MS = 1_000;

export class AppliedTracker implements Disposable {
  readonly #options: AppliedTrackerOptions;
  readonly #startedMs: number;
  readonly #heardMs = new Map<PeerId, number>();
  /** For how long the main thread of each had not turned when that was last reported. */
  readonly #busyMs = new Map<PeerId, number>();
  /** What each last said of itself. */
  readonly #replicas = new Map<CollectionId, Map<ShardId, Map<PeerId, AppliedReplica>>>();
  readonly #revisions = new Map<CollectionId, number>();
  readonly #history = new AppliedHistory(FAR_BEHIND_MS);
  readonly #waiters = new AppliedWaiters();
  readonly #subscription: Disposable;

  constructor(options: AppliedTrackerOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.#subscription = options.reports.subscribe((report) => this.#take(report));
  }

  /** What the replica last reported; undefined where it was never heard of. */
  reported(collection: CollectionId, shard: ShardId, peer: PeerId): AppliedReplica | undefined {
    return this.#replicas.get(collection)?.get(shard)?.get(peer);
  }

  /** Last announced sequence; undefined where the replica was never heard of. */
  appliedSequence(collection: CollectionId, shard: ShardId, peer: PeerId): Sequence | undefined {
    return this.reported(collection, shard, peer)?.appliedSequence;
  }

  /** Up to here the replica lacks nothing of its shard; undefined where it was never heard of. */
  coveredSequence(collection: CollectionId, shard: ShardId, peer: PeerId): Sequence | undefined {
    const replica = this.reported(collection, shard, peer);
    return replica && coveredOf(replica);
  }

  /** Whether the replica has stopped applying. */
  isHalted(collection: CollectionId, shard: ShardId, peer: PeerId): boolean {
    return this.reported(collection, shard, peer)?.haltedNeeds !== undefined;
  }

  /** Whether the replica lacks what another one of the shard had applied a second ago. */
  isFarBehind(collection: CollectionId, shard: ShardId, peer: PeerId): boolean {
    const applied = this.appliedSequence(collection, shard, peer) ?? (0 as Sequence);
    const nowMs = this.#options.clock.monotonicMs();
    return this.#history.isBehind(collection, shard, applied, nowMs);
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
   * Resolves once the condition holds. It is asked now, after the metadata changed, and after each report that a
   * replica has applied what is wanted of its shard. Errors: what the condition throws, the signal's reason,
   * `unavailable` when too many wait already.
   */
  async waitUntil(wanted: Wanted, condition: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (condition()) return;
    if (this.#waiters.size >= this.#options.waitersMax) {
      throw new TributaryError('unavailable', 'too many writes are waiting to be applied');
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => waiter.settle(signal.reason);
      const waiter: Waiter = {
        wanted,
        condition,
        settle: (error) => {
          signal.removeEventListener('abort', onAbort);
          this.#waiters.remove(waiter);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Asks every condition again after the metadata changed, and forgets collections that are gone. */
  retain(collections: ReadonlySet<CollectionId>): void {
    for (const collection of this.#replicas.keys()) {
      if (collections.has(collection)) continue;
      this.#replicas.delete(collection);
      this.#revisions.delete(collection);
    }
    this.#history.retain(collections);
    for (const waiter of this.#waiters.all) check(waiter);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    const gone = new TributaryError('cancelled', 'the gateway is closing');
    for (const waiter of this.#waiters.all) waiter.settle(gone);
  }

  #take(report: AppliedReport): void {
    this.#busyMs.set(report.peer, report.busyMs ?? 0);
    if (isSignOfLife(report)) this.#hear(report.peer);
    const nowMs = this.#options.clock.monotonicMs();
    const changed = new Set<CollectionId>();
    const reached = new Set<Waiter>();
    for (const replica of report.replicas) {
      const { collection, shard, appliedSequence } = replica;
      const byPeer = this.#peersOf(collection, shard);
      const before = byPeer.get(report.peer);
      byPeer.set(report.peer, replica);
      const covered = coveredOf(replica);
      if (before !== undefined && coveredOf(before) === covered) continue;
      for (const waiter of this.#waiters.reached(collection, shard, covered)) reached.add(waiter);
      if (before?.appliedSequence === appliedSequence) continue;
      this.#history.note(collection, shard, appliedSequence, nowMs);
      changed.add(collection);
    }
    for (const collection of changed) {
      this.#revisions.set(collection, this.revisionOf(collection) + 1);
    }
    for (const waiter of reached) check(waiter);
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

  #peersOf(collection: CollectionId, shard: ShardId): Map<PeerId, AppliedReplica> {
    let shards = this.#replicas.get(collection);
    if (shards === undefined) {
      shards = new Map();
      this.#replicas.set(collection, shards);
    }
    let peers = shards.get(shard);
    if (peers === undefined) {
      peers = new Map();
      shards.set(shard, peers);
    }
    return peers;
  }
}

function coveredOf({ appliedSequence, coveredSequence = appliedSequence }: AppliedReplica) {
  return coveredSequence > appliedSequence ? coveredSequence : appliedSequence;
}
