// How far the foremost replica of each shard had come a moment ago, or two at most. A replica that is not there yet is
// a moment behind.
//
//   sample (at least a moment old) ◄── newer sample ◄── what is reported now

import type { CollectionId, Sequence, ShardId } from '@tributary/model';

interface Samples {
  /** The most that was applied at some time before `newerMs`, a moment before it or more. */
  older: number;
  newer: number;
  newerMs: number;
  now: number;
}

export class AppliedHistory {
  readonly #momentMs: number;
  readonly #shards = new Map<CollectionId, Map<ShardId, Samples>>();

  constructor(momentMs: number) {
    this.#momentMs = momentMs;
  }

  note(collection: CollectionId, shard: ShardId, applied: Sequence, nowMs: number): void {
    const shards = this.#shards.get(collection) ?? new Map<ShardId, Samples>();
    this.#shards.set(collection, shards);
    const samples = shards.get(shard);
    if (samples === undefined) {
      shards.set(shard, { older: 0, newer: applied, newerMs: nowMs, now: applied });
      return;
    }
    if (nowMs - samples.newerMs >= this.#momentMs) {
      samples.older = samples.newer;
      samples.newer = samples.now;
      samples.newerMs = nowMs;
    }
    samples.now = Math.max(samples.now, applied);
  }

  /** Whether a replica that has applied this much lacks what another one had a moment ago. */
  isBehind(collection: CollectionId, shard: ShardId, applied: Sequence, nowMs: number): boolean {
    const samples = this.#shards.get(collection)?.get(shard);
    if (samples === undefined) return false;
    const { older, newer, newerMs } = samples;
    return applied < (nowMs - newerMs >= this.#momentMs ? newer : older);
  }

  retain(collections: ReadonlySet<CollectionId>): void {
    for (const collection of this.#shards.keys()) {
      if (!collections.has(collection)) this.#shards.delete(collection);
    }
  }
}
