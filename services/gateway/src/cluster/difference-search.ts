// Looks up in which points replicas differ, for who asks of it: by the sums of buckets that each had at the cut where
// they differed, and then by the digests of those buckets.
//
//   difference ──(asked for)──► looking ──► found ──(another cut differs, or none does)──► forgotten
//                                  └──(nothing found, a replica does not answer)──► again, later
//
// Invariant: it only names points that certainly differ, and a bounded number of them; each difference is looked up by
// one search at a time.

import { comparePointIds, type PeerId, type PointId } from '@tributary/model';
import type { CallOf, ReplicaDirectory } from '@tributary/replica-api';
import { type Clock, type Logger, messageOf, pause, startDeadline } from '@tributary/runtime';
import { differingBuckets } from '@tributary/storage';
import type { ReplicaAnswers } from '@tributary/wire';
import type { ReplicaDifference } from './cut-comparison.ts';
import { differingPoints } from './differing-points.ts';

export interface DifferenceSearchOptions {
  readonly directory: Pick<ReplicaDirectory, 'at'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface FoundPoints {
  /** In id order. */
  readonly points: readonly PointId[];
  /** There may be more. */
  readonly isCutShort: boolean;
}

type Ask = <K extends 'bucketSums' | 'bucketPoints'>(
  peer: PeerId,
  call: CallOf<K>,
) => Promise<ReplicaAnswers[K]>;

interface Search {
  readonly startedMs: number;
  readonly ended: Promise<void>;
  isRunning: boolean;
  found: FoundPoints | undefined;
}

const POINTS_MAX = 100;
/** Every bucket is a walk of two replicas over all their points. */
const BUCKETS_MAX = 8;
const SEARCH_WITHIN_MS = 60_000;
/** What was being written to at the first look may be compared a little later. */
const NOTHING_FOUND_AGAIN_AFTER_MS = 10_000;
const FOUND_AGAIN_AFTER_MS = 60_000;

export class DifferenceSearch implements Disposable {
  readonly #options: DifferenceSearchOptions;
  readonly #searches = new Map<string, Search>();
  readonly #stopping = new AbortController();

  constructor(options: DifferenceSearchOptions) {
    this.#options = options;
  }

  /** What is known of the points of a difference. */
  found(difference: ReplicaDifference): FoundPoints | undefined {
    return this.#searches.get(keyOf(difference))?.found;
  }

  /** Begins what has to be looked up of these, which are all there are, and waits for it for so long at most. */
  async look(differences: readonly ReplicaDifference[], waitMs: number): Promise<void> {
    const { clock } = this.#options;
    const keys = new Set(differences.map(keyOf));
    for (const key of this.#searches.keys()) if (!keys.has(key)) this.#searches.delete(key);
    for (const difference of differences) {
      const known = this.#searches.get(keyOf(difference));
      const isDue = known === undefined || isWorthAgain(known, clock.monotonicMs());
      if (isDue) this.#searches.set(keyOf(difference), this.#begin(difference, known?.found));
    }
    const running = [...this.#searches.values()].filter(({ isRunning }) => isRunning);
    if (running.length === 0) return;
    const waited = new AbortController();
    const ended = Promise.all(running.map((search) => search.ended));
    await Promise.race([ended, pause(clock, waitMs, waited.signal)]);
    waited.abort();
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
    this.#searches.clear();
  }

  /** What was found before is shown until more is known. */
  #begin(difference: ReplicaDifference, before: FoundPoints | undefined): Search {
    const { clock, logger } = this.#options;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const startedMs = clock.monotonicMs();
    const search: Search = { startedMs, ended, isRunning: true, found: before };
    const { collection, shard } = difference;
    this.#find(difference)
      .then((found) => {
        search.found = found;
      })
      .catch((error) => {
        if (this.#stopping.signal.aborted) return;
        const reason = messageOf(error);
        logger.warn({ collection, shard, reason }, 'in which points replicas differ is not known');
      })
      .finally(() => {
        search.isRunning = false;
        resolve();
      });
    return search;
  }

  async #find({ collection, shard, at, hashes }: ReplicaDifference): Promise<FoundPoints> {
    const { directory, clock } = this.#options;
    using deadline = startDeadline(clock, SEARCH_WITHIN_MS, this.#stopping.signal);
    const { signal } = deadline;
    const ask: Ask = (peer, call) => directory.at(peer).call({ collection, shard }, call, signal);
    const [one, others] = sides(hashes);
    const found = new Set<PointId>();
    let isCutShort = false;
    for (const other of others) {
      const call = { kind: 'bucketSums', cut: at } as const;
      const sums = await Promise.all([ask(one, call), ask(other, call)]);
      const buckets = sums[0] && sums[1] ? differingBuckets(sums[0], sums[1]) : [];
      isCutShort ||= buckets.length > BUCKETS_MAX || sums.includes(undefined);
      for (const bucket of buckets.slice(0, BUCKETS_MAX)) {
        const points = { kind: 'bucketPoints', bucket } as const;
        const [a, b] = await Promise.all([ask(one, points), ask(other, points)]);
        for (const id of differingPoints(a, b)) found.add(id);
        if (found.size > POINTS_MAX) return bounded(found, true);
      }
    }
    return bounded(found, isCutShort);
  }
}

/** What is found, in words; empty where nothing is known. */
export function describePoints(found: FoundPoints | undefined): string {
  if (found === undefined || found.points.length === 0) return '';
  const { points, isCutShort } = found;
  return `: ${isCutShort ? 'at least ' : ''}in point${points.length > 1 ? 's' : ''} ${points.join(', ')}`;
}

/** A peer of those that most agree with, and the peers that differ from it. */
function sides(hashes: ReplicaDifference['hashes']): [PeerId, PeerId[]] {
  const groups = [...Map.groupBy(hashes.keys(), (peer) => hashes.get(peer)).values()];
  const [largest = [], ...others] = groups.toSorted((a, b) => b.length - a.length);
  const [one = 0 as PeerId] = largest;
  return [one, others.flatMap(([peer]) => peer ?? [])];
}

function bounded(found: ReadonlySet<PointId>, isCutShort: boolean): FoundPoints {
  const points = [...found].sort(comparePointIds).slice(0, POINTS_MAX);
  return { points, isCutShort };
}

function isWorthAgain({ isRunning, found, startedMs }: Search, nowMs: number): boolean {
  const hasFound = found !== undefined && found.points.length > 0;
  const afterMs = hasFound ? FOUND_AGAIN_AFTER_MS : NOTHING_FOUND_AGAIN_AFTER_MS;
  return !isRunning && nowMs - startedMs >= afterMs;
}

function keyOf({ collection, shard, firstAt, hashes }: ReplicaDifference): string {
  const peers = [...hashes.keys()].sort((a, b) => a - b);
  return `${shard}/${collection}/${firstAt}/${peers.join()}`;
}
