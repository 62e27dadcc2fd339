// What can happen to the cluster, in the past tense. Stored as JSON on META; a reader skips a kind it does not know
// only by stopping, never by guessing.

import type {
  AliasAction,
  AnyVectorParams,
  ClusterId,
  CollectionConfig,
  CollectionId,
  MemberState,
  PeerId,
  QuotaConfig,
  ReplicaState,
  Sequence,
  ShardId,
} from '@tributary/model';

export type MetadataEvent =
  /** The first event of every log, and only that. */
  | { readonly kind: 'clusterFounded'; readonly clusterId: ClusterId }
  /** Every peer knows it: what belongs to the level may be written from now on. */
  | { readonly kind: 'featureLevelRaised'; readonly level: number }
  | {
      readonly kind: 'peerJoined';
      readonly peer: PeerId;
      readonly uri: string;
      readonly version: string;
      /** The highest that its version knows. */
      readonly featureLevel: number;
    }
  /** See `peers.ts`. */
  | {
      readonly kind: 'peerStateChanged';
      readonly peer: PeerId;
      readonly from: MemberState;
      readonly to: MemberState;
    }
  /** For ever: the id does not come back. */
  | { readonly kind: 'peerRemoved'; readonly peer: PeerId }
  | {
      readonly kind: 'collectionCreated';
      readonly id: CollectionId;
      readonly name: string;
      readonly config: CollectionConfig;
      /** In the order of the collection's first shard map. */
      readonly shards: readonly PlacedShard[];
      /**
       * By the clock of the gateway that was asked; in milliseconds since the Unix epoch. Events before it was kept
       * lack it.
       */
      readonly createdAtMs?: number;
    }
  /** The whole new configuration; vectors and shard number stay as they are. */
  | {
      readonly kind: 'collectionUpdated';
      readonly id: CollectionId;
      readonly config: CollectionConfig;
    }
  | { readonly kind: 'collectionDeleted'; readonly id: CollectionId }
  /** Decided; the vector is there once the collection's log has it too. See `vector-names.ts`. */
  | {
      readonly kind: 'vectorNameCreated';
      readonly id: CollectionId;
      readonly name: string;
      readonly vector: AnyVectorParams;
    }
  /** Decided; from now on no gateway accepts vectors of that name. */
  | { readonly kind: 'vectorNameDeleted'; readonly id: CollectionId; readonly name: string }
  /** The collection's log has the change of the name that was decided at `revision`. */
  | {
      readonly kind: 'vectorNameLogged';
      readonly id: CollectionId;
      readonly name: string;
      readonly revision: Sequence;
    }
  /** In order, each on the state that those before it leave; all or none. */
  | { readonly kind: 'replicaStatesChanged'; readonly changes: readonly ReplicaStateChange[] }
  /** The whole new configuration. */
  | { readonly kind: 'quotasSet'; readonly quotas: QuotaConfig }
  /** In order, each seeing what those before it did; all or none. */
  | { readonly kind: 'aliasesChanged'; readonly actions: readonly AliasAction[] };

/** A new shard, and where its replicas are, which start as Initializing. */
export interface PlacedShard {
  readonly id: ShardId;
  readonly peers: readonly PeerId[];
}

export interface ReplicaStateChange {
  readonly collection: CollectionId;
  readonly shard: ShardId;
  readonly peer: PeerId;
  readonly from: ReplicaState;
  readonly to: ReplicaState;
}

/** Changes of one event at most: it stays well below the largest message. */
export const REPLICA_CHANGES_MAX = 2_000;
