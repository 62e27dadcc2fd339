// Compares the content hashes that the replicas of a shard report at cuts. Replicas that differ at one are a fault that
// no reader would notice: an alarm for the operator.
//
//   unknown ──(two replicas report one cut)──► equal | differing ──(equal at a later cut, or one of them gone)──► equal
//
// Invariant: hashes are compared at one sequence only, and a shard keeps a bounded number of cuts; the two between
// which a difference arose stay among them, however long it lasts.

import { findShard, type MetadataState } from '@tributary/metadata';
import type { CollectionId, PeerId, Sequence, ShardId } from '@tributary/model';
import type { AppliedReports } from '@tributary/replica-api';
import type { AppliedReport } from '@tributary/wire';

export interface ReplicaDifference {
  readonly collection: CollectionId;
  readonly shard: ShardId;
  /** The newest cut at which the replicas of these peers had different content. */
  readonly at: Sequence;
  /** The first one known since they were last equal: it arose between that and this. */
  readonly firstAt: Sequence;
  /** The last cut before at which all of them had the same; undefined where none is known. */
  readonly equalAt: Sequence | undefined;
  /** Content hash by peer, at `at`. */
  readonly hashes: ReadonlyMap<PeerId, string>;
}

interface ShardCuts {
  readonly collection: CollectionId;
  readonly shard: ShardId;
  /** By sequence, in the order they were first heard of. */
  readonly cuts: Map<Sequence, Map<PeerId, string>>;
}

const CUTS_COMPARED = 16;

export class CutComparison implements Disposable {
  readonly #shards = new Map<string, ShardCuts>();
  readonly #subscription: Disposable;

  constructor(reports: Pick<AppliedReports, 'subscribe'>) {
    this.#subscription = reports.subscribe((report) => this.#take(report));
  }

  /** The shards whose replicas had different content at the newest cut that two of them reported. */
  differences(): ReplicaDifference[] {
    return [...this.#shards.values()].flatMap((each) => differenceOf(each) ?? []);
  }

  /** Forgets what is of replicas that are no more. */
  retain(state: MetadataState): void {
    for (const [key, { collection, shard, cuts }] of this.#shards) {
      const present = findShard(state, collection, shard)?.replicas;
      for (const [at, hashes] of cuts) {
        for (const peer of hashes.keys()) if (present?.has(peer) !== true) hashes.delete(peer);
        if (hashes.size === 0) cuts.delete(at);
      }
      if (cuts.size === 0) this.#shards.delete(key);
    }
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #take({ peer, replicas }: AppliedReport): void {
    for (const { collection, shard, cut } of replicas) {
      if (cut === undefined) continue;
      const { cuts } = this.#shardOf(collection, shard);
      const hashes = cuts.get(cut.sequence) ?? new Map<PeerId, string>();
      hashes.set(peer, cut.contentHash);
      if (hashes.size > 1) continue;
      cuts.set(cut.sequence, hashes);
      if (cuts.size > CUTS_COMPARED) cuts.delete(oldestOf(this.#shardOf(collection, shard)));
    }
  }

  #shardOf(collection: CollectionId, shard: ShardId): ShardCuts {
    const key = `${shard}/${collection}`;
    const present = this.#shards.get(key);
    if (present !== undefined) return present;
    const made: ShardCuts = { collection, shard, cuts: new Map() };
    this.#shards.set(key, made);
    return made;
  }
}

/** A sentence about it for an operator. */
export function describeDifference(difference: ReplicaDifference): string {
  const { shard, at, firstAt, equalAt, hashes } = difference;
  const contents = [...hashes].map(([peer, hash]) => `peer ${peer} ${hash.slice(0, 12)}…`);
  const equal = equalAt === undefined ? 'no earlier cut is known' : `equal at ${equalAt}`;
  const since = firstAt === at ? equal : `${equal}, different since ${firstAt}`;
  return `the replicas of shard ${shard} differ at sequence ${at} (${contents.join(', ')}; ${since})`;
}

function differenceOf({ collection, shard, cuts }: ShardCuts): ReplicaDifference | undefined {
  const compared = [...cuts].filter(([, hashes]) => hashes.size > 1).sort(([a], [b]) => b - a);
  const [newest] = compared;
  if (newest === undefined || isEqual(newest[1])) return undefined;
  const [at, hashes] = newest;
  const equal = compared.find(([, others]) => isEqual(others) && hasAll(others, hashes));
  const equalAt = equal?.[0];
  const later = compared.filter(([each]) => each > (equalAt ?? 0));
  const different = later.filter(([, others]) => !isEqual(others)).map(([each]) => each);
  return { collection, shard, at, firstAt: different.at(-1) ?? at, equalAt, hashes };
}

/** The cut that is the next to be forgotten. */
function oldestOf(shard: ShardCuts): Sequence {
  const difference = differenceOf(shard);
  const kept = [difference?.equalAt, difference?.firstAt];
  return Math.min(...[...shard.cuts.keys()].filter((at) => !kept.includes(at))) as Sequence;
}

function isEqual(hashes: ReadonlyMap<PeerId, string>): boolean {
  return new Set(hashes.values()).size <= 1;
}

function hasAll(hashes: ReadonlyMap<PeerId, string>, peers: ReadonlyMap<PeerId, string>): boolean {
  return peers.keys().every((peer) => hashes.has(peer));
}
