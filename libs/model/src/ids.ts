// Identities of the cluster's things. Each is a branded primitive with one constructor that asserts its range.

import type { Brand } from './brand.ts';

/** Position of an entry in a collection's write stream; 1 is the first, 0 means "before the first". */
export type Sequence = Brand<number, 'Sequence'>;
/** Number of a shard within its collection, from 0. */
export type ShardId = Brand<number, 'ShardId'>;
/** Which shards an entry is for: one, or every shard of the collection. */
export type ShardTarget = ShardId | typeof ALL_SHARDS;
/** Identity of a peer: an integer in 1 .. 2^53 - 1, so that it is exact in JSON. */
export type PeerId = Brand<number, 'PeerId'>;
/** Identity of a collection that a drop and re-create under the same name does not reuse. */
export type CollectionId = Brand<string, 'CollectionId'>;
/** Identity of a cluster, a UUID in lower case: of its data folders, its NATS servers and its metadata. */
export type ClusterId = Brand<string, 'ClusterId'>;
/** Position of a vector in a replica's flat memory; never leaves the replica. */
export type PointOffset = Brand<number, 'PointOffset'>;

export const ALL_SHARDS = 'all';
const CLUSTER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const COLLECTION_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function sequence(value: number): Sequence {
  assertInteger(value, 0, 'sequence');
  return value as Sequence;
}

export function shardId(value: number): ShardId {
  assertInteger(value, 0, 'shard id');
  return value as ShardId;
}

export function peerId(value: number): PeerId {
  assertInteger(value, 1, 'peer id');
  return value as PeerId;
}

/** Safe as part of a stream name, a subject token and a folder name. */
export function collectionId(value: string): CollectionId {
  if (!COLLECTION_ID.test(value)) throw new RangeError(`not a collection id: ${value}`);
  return value as CollectionId;
}

export function clusterId(value: string): ClusterId {
  if (!CLUSTER_ID.test(value)) throw new RangeError(`not a cluster id: ${value}`);
  return value as ClusterId;
}

export function pointOffset(value: number): PointOffset {
  assertInteger(value, 0, 'point offset');
  return value as PointOffset;
}

function assertInteger(value: number, min: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < min) throw new RangeError(`not a ${what}: ${value}`);
}
