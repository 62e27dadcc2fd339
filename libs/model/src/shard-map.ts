// How a collection's points are divided among its shards. A value: a gateway that holds one knows where a point goes.
//
//   point id ── hash ──► position in the list of its key ──► shard id
//
// A shard is known by its id, which another shard of the collection never has, not by its position.

import type { ShardId } from './ids.ts';

/** What a client names a group of shards by. */
export type ShardKey = string | number;

export interface ShardMap {
  /** Numbers the divisions that a collection has had, from 1; part of the subjects its entries are written to. */
  readonly generation: number;
  /** The shards of each key in the order of their positions; null where points have no key. */
  readonly keys: ReadonlyMap<ShardKey | null, readonly ShardId[]>;
}

/** The map of a new collection whose points have no key. */
export function firstShardMap(shards: readonly ShardId[]): ShardMap {
  return { generation: FIRST_GENERATION, keys: new Map([[null, shards]]) };
}

export const FIRST_GENERATION = 1;
