// The messages that peers exchange about replicas. Their bytes are in `call-codec.ts`, `answer-codec.ts`,
// `info-codec.ts`, `report-codec.ts` and `resource-report-codec.ts`.

import type {
  CollectionId,
  Explanation,
  FacetHit,
  FacetQuery,
  Filter,
  PayloadSchema,
  PeerId,
  PointId,
  PointRecord,
  Projection,
  QuotaExceeded,
  ResourceUsage,
  SampleQuery,
  ScoredPoint,
  ScrollQuery,
  SearchQuery,
  Sequence,
  ShardId,
  TermStatistics,
  TermStatisticsQuery,
  TextStatistics,
  TextStatisticsQuery,
} from '@tributary/model';

export interface ReplicaAddress {
  readonly collection: CollectionId;
  readonly shard: ShardId;
}

/** A question to one replica. Answers come in the order of what was asked. */
export type ReplicaCall =
  | { readonly kind: 'search'; readonly queries: readonly SearchQuery[] }
  | {
      readonly kind: 'retrieve';
      readonly ids: readonly PointId[];
      readonly projection: Projection;
    }
  | { readonly kind: 'scroll'; readonly query: ScrollQuery }
  | { readonly kind: 'count'; readonly filter?: Filter }
  | { readonly kind: 'sample'; readonly query: SampleQuery }
  | { readonly kind: 'facet'; readonly query: FacetQuery }
  | { readonly kind: 'termStatistics'; readonly query: TermStatisticsQuery }
  | { readonly kind: 'textStatistics'; readonly query: TextStatisticsQuery }
  /** How a search, or a read with only a filter, would be answered; nothing is looked for. */
  | { readonly kind: 'explain'; readonly filter?: Filter; readonly query?: SearchQuery }
  | { readonly kind: 'info' }
  /** Recomputes the content hash from the stored records; slow. */
  | { readonly kind: 'verify' }
  /** The sums of the buckets of ids that it had at a cut. */
  | { readonly kind: 'bucketSums'; readonly cut: Sequence }
  /** The digests of all its points in one of these buckets, as they are now. */
  | { readonly kind: 'bucketPoints'; readonly bucket: number };

export interface PointDigest {
  readonly id: PointId;
  readonly version: Sequence;
  readonly digest: Uint8Array;
}

/** Of one state of a replica. */
export interface BucketPoints {
  readonly appliedSequence: Sequence;
  /** In id order. */
  readonly points: readonly PointDigest[];
}

export interface ReplicaInfo {
  readonly appliedSequence: Sequence;
  readonly appliedCount: number;
  /** Content at `appliedSequence`; equal hashes mean equal content. */
  readonly contentHash: string;
  readonly pointsCount: number;
  readonly indexedVectorsCount: number;
  readonly segmentsCount: number;
  /** Bytes of vectors and graphs in memory. */
  readonly memoryBytes: number;
  /** A graph is being built. */
  readonly optimizing: boolean;
  /** Payload indexes, and how many points have a value in each. */
  readonly payloadSchema: PayloadSchema;
  readonly payloadIndexPoints: Readonly<Record<string, number>>;
  /** By vector name. */
  readonly vectorIndexes: Readonly<Record<string, VectorIndexInfo>>;
  /** Bytes in memory of the payload indexes, and of the table that names each point's offset. */
  readonly payloadIndexBytes: number;
  readonly tableBytes: number;
  /** Of the stored texts of all payloads together. */
  readonly payloadBytes: number;
  /** Entries of the shard that are in the stream, as of the last look at it, and not applied yet. */
  readonly queuedEntries: number;
  /** Why the replica stopped applying; absent while it goes on. */
  readonly halted?: string;
}

/** What the index of one vector is made of. */
export interface VectorIndexInfo {
  readonly vectors: number;
  /** Vectors that graphs, or inverted lists, cover; also those of an index without graphs that would have had one. */
  readonly indexed: number;
  /** Vectors that a search for indexed ones only leaves out. */
  readonly excluded: number;
  /** Live vectors of each graph. */
  readonly segments: readonly number[];
  readonly rowBytes: number;
  readonly graphBytes: number;
  /** wanted: waits to be tried again; queued: waits for its turn. */
  readonly build: 'idle' | 'wanted' | 'queued' | 'running';
  /** Why the last build failed; absent once one succeeds. */
  readonly buildError?: string;
  /** The newest first, a few of them. */
  readonly builds?: readonly GraphBuildInfo[];
}

/** Times are milliseconds since the Unix epoch, by the clock of the replica's peer. */
export interface GraphBuildInfo {
  readonly startedMs: number;
  /** Absent while it is under way. */
  readonly endedMs?: number;
  readonly vectors: number;
  /** Why it failed. */
  readonly error?: string;
}

/** What each kind of call is answered with. */
export interface ReplicaAnswers {
  readonly search: readonly (readonly ScoredPoint[])[];
  /** Only the points that are there, in the order asked. */
  readonly retrieve: readonly PointRecord[];
  /** At most `limit` records in id order from `offset`. */
  readonly scroll: readonly PointRecord[];
  readonly count: number;
  readonly sample: readonly PointRecord[];
  /** Most frequent first, equal counts by value. */
  readonly facet: readonly FacetHit[];
  readonly termStatistics: TermStatistics;
  readonly textStatistics: TextStatistics;
  readonly explain: Explanation;
  readonly info: ReplicaInfo;
  readonly verify: ReplicaInfo;
  /** Undefined where it does not keep the cut. */
  readonly bucketSums: Uint8Array | undefined;
  readonly bucketPoints: BucketPoints;
}

export type ReplicaCallKind = ReplicaCall['kind'];

/**
 * How far a peer's replicas have applied. Sent after each commit and repeated for a while after it, whole every ten
 * seconds and where it is asked for; twice a second there is one as a sign of life, and others by a thread that does
 * nothing else.
 */
export interface AppliedReport {
  readonly peer: PeerId;
  readonly replicas: readonly AppliedReplica[];
  /**
   * For how long the thread that answers has not turned to anything new, in whole milliseconds; absent: it sent this.
   */
  readonly busyMs?: number;
  /** The sender may have missed reports: every peer reports all its replicas next. */
  readonly asksForAll?: boolean;
  /** Up to here the sender has folded META; absent where it does not know, as a thread that only reports life. */
  readonly metadataSequence?: Sequence;
  /** The highest that the sender's version knows; absent likewise. */
  readonly featureLevel?: number;
}

/** What it takes for a replica that stopped applying to go on. */
export type HaltNeeds = 'rebuild' | 'transfer' | 'operator';

export interface AppliedReplica extends ReplicaAddress {
  readonly appliedSequence: Sequence;
  /** The shard has no entry after the applied one up to here; absent where it is the applied one. */
  readonly coveredSequence?: Sequence;
  /** Everything up to here survives a power loss of the peer; absent before the first flush since it was opened. */
  readonly durableSequence?: Sequence;
  /** The last cut it has passed, and its content hash there; absent before the first. */
  readonly cut?: { readonly sequence: Sequence; readonly contentHash: string };
  /** Absent while it goes on applying. */
  readonly haltedNeeds?: HaltNeeds;
}

/** What a peer uses of its machine, and at which quotas it is by its own verdict. Sent every second. */
export interface ResourceReport {
  readonly peer: PeerId;
  readonly usage: ResourceUsage;
  readonly exceeded: QuotaExceeded;
}

/** What a running peer tells one that joins. */
export interface Introduction {
  readonly peer: PeerId;
  readonly version: string;
  /** Addresses of the cluster's nats-servers, `nats://host:port`. */
  readonly natsUrls: readonly string[];
}
