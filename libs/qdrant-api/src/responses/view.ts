// What a gateway knows and shows to clients, the same for REST and gRPC.

import type {
  ClusterId,
  CollectionConfig,
  MemberState,
  PayloadSchema,
  PeerId,
  ReplicaState,
  ShardId,
} from '@tributary/model';
import type { QuotasView } from './quotas-json.ts';

export interface VersionView {
  /** `major.minor.patch`; clients compare it with their own. */
  readonly version: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
}

/** Clients look at the version only, so the title may say what really answers. */
export const TITLE = 'tributary - vector search engine';

/** green: ready; yellow: a graph is being built; grey: one waits to be; red: something failed and is not mended. */
export type CollectionStatus = 'green' | 'yellow' | 'grey' | 'red';

export interface CollectionView {
  readonly config: CollectionConfig;
  /** In milliseconds since the Unix epoch. */
  readonly createdAtMs?: number;
  readonly status: CollectionStatus;
  /** What failed; absent while nothing did. */
  readonly optimizerError?: string;
  readonly pointsCount: number;
  readonly indexedVectorsCount: number;
  readonly segmentsCount: number;
  /** Entries that are written but not applied yet. */
  readonly updateQueueLength?: number;
  readonly payloadSchema?: PayloadSchema;
  /** How many points have a value in each payload index. */
  readonly payloadIndexPoints?: Readonly<Record<string, number>>;
}

export interface AliasView {
  readonly alias: string;
  readonly collection: string;
}

export interface LocalShardView {
  readonly shardId: ShardId;
  readonly pointsCount: number;
  readonly state: ReplicaState;
}

export interface RemoteShardView {
  readonly shardId: ShardId;
  readonly peerId: PeerId;
  readonly state: ReplicaState;
}

/** Where the replicas of a collection are, as one peer sees it. */
export interface CollectionClusterView {
  readonly peerId: PeerId;
  readonly shardCount: number;
  readonly localShards: readonly LocalShardView[];
  readonly remoteShards: readonly RemoteShardView[];
}

export type ConsensusView =
  | { readonly kind: 'working'; readonly lastUpdateMs: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'stopped_with_err'; readonly error: string };

export interface SendFailureView {
  readonly count: number;
  readonly latestError?: string;
  readonly latestErrorMs?: number;
}

/** One member of the consensus group beneath the metadata. */
export interface ConsensusMemberView {
  readonly name: string;
  readonly isLeader: boolean;
  readonly isCurrent: boolean;
}

/** The consensus group beneath the metadata, as its servers tell. */
export interface ConsensusGroupView {
  /** Undefined for a lone server. */
  readonly group?: string;
  readonly leader?: string;
  readonly members: readonly ConsensusMemberView[];
  readonly term?: number;
  readonly committed?: number;
  readonly applied?: number;
}

/** The cluster as one peer sees it. */
export interface PeerView {
  /** Of the p2p port. */
  readonly uri: string;
  readonly state: MemberState;
}

export interface ClusterView {
  readonly peerId: PeerId;
  /** Absent before the peer has entered it. */
  readonly clusterId?: ClusterId;
  /** What all peers know and may be written. */
  readonly featureLevel?: number;
  /** Without those that are only joining: who waits for a peer here may use it next. */
  readonly peers: ReadonlyMap<PeerId, PeerView>;
  readonly term: number;
  readonly commit: number;
  readonly pendingOperations: number;
  readonly leader?: PeerId;
  readonly role?: 'Leader' | 'Follower' | 'Candidate' | 'PreCandidate';
  readonly isVoter: boolean;
  readonly consensus: ConsensusView;
  /** By address of the peer that could not be reached. */
  readonly sendFailures: ReadonlyMap<string, SendFailureView>;
  /** Absent while it cannot be asked. */
  readonly consensusGroup?: ConsensusGroupView;
}

/** How far a write got before it was answered. */
export type UpdateStatus = 'acknowledged' | 'completed' | 'wait_timeout';

export interface UpdateView {
  readonly status: UpdateStatus;
  /** Sequence of the write in the collection's stream. */
  readonly operationId?: number;
}

/** Where the replicas of every collection are, and which peers answer. */
export interface PlacementView {
  readonly collections: readonly {
    readonly name: string;
    readonly shards: readonly {
      readonly id: ShardId;
      readonly replicas: ReadonlyMap<PeerId, ReplicaState>;
    }[];
  }[];
  readonly responsivePeers: ReadonlySet<PeerId>;
}

/** How often an endpoint was answered with a status, and how long it took, in seconds. */
export interface ResponseTally {
  readonly endpoint: string;
  readonly status: number;
  readonly count: number;
  readonly totalSec: number;
  readonly minSec: number;
  readonly maxSec: number;
}

/** The index of one vector of a replica. */
export interface VectorTelemetryView {
  readonly name: string;
  readonly vectors: number;
  readonly indexed: number;
  /** Vectors that a search with `indexed_only` leaves out. */
  readonly excluded: number;
  /** Live vectors of each graph. */
  readonly segments: readonly number[];
  readonly rowBytes: number;
  readonly graphBytes: number;
  readonly build: string;
  /** The newest first; those under way have no end. */
  readonly builds?: readonly GraphBuildView[];
}

/** Times are milliseconds since the Unix epoch. */
export interface GraphBuildView {
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly vectors: number;
  readonly error?: string;
}

/** The replica of a shard at this peer. */
export interface LocalShardTelemetryView {
  readonly status: CollectionStatus;
  readonly optimizerError?: string;
  readonly appliedSequence: number;
  readonly pointsCount: number;
  readonly vectorsBytes: number;
  readonly queuedEntries: number;
  readonly vectors: readonly VectorTelemetryView[];
}

export interface ShardTelemetryView {
  readonly id: ShardId;
  readonly self: PeerId;
  readonly replicas: ReadonlyMap<PeerId, ReplicaState>;
  /** Absent where the shard has no replica here, or none that answers yet. */
  readonly local?: LocalShardTelemetryView;
}

export interface CollectionTelemetryView {
  readonly name: string;
  readonly config: CollectionConfig;
  readonly shards: readonly ShardTelemetryView[];
}

export interface TelemetryView {
  readonly quotas: QuotasView;
  /** Of this process, made at its start. */
  readonly id: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly collections: readonly CollectionTelemetryView[];
  readonly cluster: ClusterView;
  readonly rest: readonly ResponseTally[];
  readonly grpc: readonly ResponseTally[];
  /** Absent where they are not asked for. */
  readonly restByCollection?: ReadonlyMap<string, readonly ResponseTally[]>;
  readonly grpcByCollection?: ReadonlyMap<string, readonly ResponseTally[]>;
  readonly memory: {
    readonly residentBytes: number;
    readonly activeBytes: number;
    readonly allocatedBytes: number;
    readonly metadataBytes: number;
    readonly retainedBytes: number;
  };
}
