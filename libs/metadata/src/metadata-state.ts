// The state of the cluster: peers, collections, where the replicas of each shard are and in which state, aliases.
// It is the fold of the events of the META stream, so every peer that has folded up to one sequence has the same state.

import type {
  AnyVectorParams,
  ClusterId,
  CollectionConfig,
  CollectionId,
  CollectionVectors,
  MemberState,
  PeerId,
  QuotaConfig,
  ReplicaState,
  Sequence,
  ShardId,
  ShardMap,
} from '@tributary/model';

export interface PeerState {
  readonly id: PeerId;
  /** Where the peer's p2p port is reached, `http://host:port`. */
  readonly uri: string;
  readonly version: string;
  /** The highest that its version knows. */
  readonly featureLevel: number;
  /** See `peers.ts`. */
  readonly state: MemberState;
}

export interface ShardState {
  readonly id: ShardId;
  readonly replicas: ReadonlyMap<PeerId, ReplicaState>;
}

/** How far a change of a vector's name is; `revision` is the sequence of the event that decided it. */
export type VectorNameChange =
  | { readonly phase: 'creating'; readonly revision: Sequence; readonly vector: AnyVectorParams }
  | { readonly phase: 'created'; readonly revision: Sequence }
  | { readonly phase: 'deleting'; readonly revision: Sequence };

export interface CollectionState {
  readonly id: CollectionId;
  readonly name: string;
  readonly config: CollectionConfig;
  /** In milliseconds since the Unix epoch. */
  readonly createdAtMs?: number;
  /** Its vectors when it was created, under which the first entries of its log were written. */
  readonly createdVectors: CollectionVectors;
  /** Names of vectors that came later or are on their way in or out. */
  readonly vectorNames: Readonly<Record<string, VectorNameChange>>;
  /** By id, in ascending order. */
  readonly shards: ReadonlyMap<ShardId, ShardState>;
  /** Above every id that a shard of this collection ever had, so that none is used again. */
  readonly nextShardId: ShardId;
  /** Names shards that are there, each at most once. */
  readonly shardMap: ShardMap;
}

export interface MetadataState {
  /** Sequence of the last event folded; 0 for none. */
  readonly sequence: Sequence;
  /** Absent before the first event. */
  readonly clusterId?: ClusterId;
  /** What may be written: all peers know it. Never goes down. */
  readonly featureLevel: number;
  readonly peers: ReadonlyMap<PeerId, PeerState>;
  /** Those that were of the cluster and may not come back. */
  readonly removedPeers: ReadonlySet<PeerId>;
  /** By name. */
  readonly collections: ReadonlyMap<string, CollectionState>;
  /** Alias to collection name. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Absent until they are set for the first time. */
  readonly quotas?: QuotaConfig;
}

export const EMPTY_METADATA: MetadataState = {
  sequence: 0 as Sequence,
  featureLevel: 1,
  peers: new Map(),
  removedPeers: new Set(),
  collections: new Map(),
  aliases: new Map(),
};

/** The shard of the collection with this identity. */
export function findShard(
  state: MetadataState,
  collection: CollectionId,
  shard: ShardId,
): ShardState | undefined {
  return findCollection(state, collection)?.shards.get(shard);
}

/** The collection with this identity; a re-created one of the same name has another. */
export function findCollection(
  state: MetadataState,
  id: CollectionId,
): CollectionState | undefined {
  for (const collection of state.collections.values()) if (collection.id === id) return collection;
  return undefined;
}

export function unknownCollection(id: CollectionId): string {
  return `Collection with id ${id} does not exist`;
}
