// The store of one replica: points and the state that says how far the stream is applied.
//
// Invariant: points, applied sequence, entry count and content hash change together or not at all. After a crash the
// store opens at *some* state it was once in, never between two.
//
// One writer, synchronous calls: the worker thread that owns the replica is the only one that touches it.

import {
  NO_STAMP,
  type PayloadBytes,
  type PayloadSchema,
  type PointId,
  type Sequence,
  type Stamp,
  type StoredPoint,
  sequence,
  type Tombstone,
  type VectorSchema,
} from '@tributary/model';
import type { Steps } from '@tributary/runtime';
import { EMPTY_HASH } from './content-hash.ts';

/** What is counted and summed over the records of a store. */
export interface RecordTotals {
  /**
   * Sum mod 2^256 of the digests of points and tombstones, their versions included; 64 hex digits. Replicas with equal
   * content at one sequence have equal hashes.
   */
  readonly contentHash: string;
  /**
   * The same without the versions, which are sequences of one log: regions, and a collection that was restored into
   * another log, have equal hashes where they hold the same points, and the same tombstones.
   */
  readonly stateHash: string;
  readonly pointsCount: number;
  /** Of the stored texts of all payloads together. */
  readonly payloadBytes: number;
  readonly tombstonesCount: number;
}

export interface ReplicaState extends RecordTotals {
  /** Sequence of the last entry applied; 0 for none. */
  readonly appliedSequence: Sequence;
  /** Entries of this shard applied or dead-lettered so far; compared with the server's count to find holes. */
  readonly appliedCount: number;
  /** Of the last entry that was not refused. The content hash has those of the points. */
  readonly lastStamp: Stamp;
  /** Payload indexes made and not deleted up to `appliedSequence`. Not part of the content hash. */
  readonly payloadSchema: PayloadSchema;
  /** Absent while no entry changed the names that the collection was created with. Not part of the content hash. */
  readonly vectorSchema?: VectorSchema;
}

/**
 * What the store was at a cut: an entry at which every replica of the collection ends a commit. Two replicas that have
 * both passed a cut hold the same points exactly if these are equal.
 */
export interface Cut {
  readonly sequence: Sequence;
  /** The rest as in `ReplicaState`. */
  readonly appliedCount: number;
  readonly pointsCount: number;
  readonly contentHash: string;
  readonly stateHash: string;
}

export interface StoreChanges {
  readonly puts: readonly StoredPoint[];
  readonly deletes: readonly PointId[];
  /** Ids among `puts` whose vectors are those that the store has for them already. */
  readonly payloadOnly?: ReadonlySet<PointId>;
  /** What is left of some of `deletes`, in place of an earlier tombstone; of the others nothing is. */
  readonly tombstones?: readonly Tombstone[];
  readonly appliedSequence: Sequence;
  readonly appliedCount: number;
  /** The entry at `appliedSequence` is a cut: the new state is kept as one, in the same write. */
  readonly isCut?: boolean;
  /** Absent where it stays as it is, as no entry was applied. */
  readonly lastStamp?: Stamp;
  /** The schema from now on; absent where it stays as it is. */
  readonly payloadSchema?: PayloadSchema;
  /** Likewise. */
  readonly vectorSchema?: VectorSchema;
}

export const CUTS_KEPT = 64;

/** The cut that the state is. */
export function cutOf(state: ReplicaState): Cut {
  const { appliedSequence, appliedCount, pointsCount, contentHash, stateHash } = state;
  return { sequence: appliedSequence, appliedCount, pointsCount, contentHash, stateHash };
}

/** Of a store that nothing was ever committed to. */
export const EMPTY_REPLICA_STATE: ReplicaState = {
  appliedSequence: sequence(0),
  appliedCount: 0,
  contentHash: EMPTY_HASH,
  stateHash: EMPTY_HASH,
  pointsCount: 0,
  payloadBytes: 0,
  tombstonesCount: 0,
  lastStamp: NO_STAMP,
  payloadSchema: {},
};

export interface StoredPayload {
  readonly id: PointId;
  readonly version: Sequence;
  readonly payload: PayloadBytes;
}

/** What the content hash has of a point or a tombstone. */
export interface StoredDigest {
  readonly id: PointId;
  readonly version: Sequence;
  readonly digest: Uint8Array;
}

/** All of a commit but its making; without that, disposing of it leaves nothing behind. */
export interface StagedCommit extends Disposable {
  /** Once. */
  write(): ReplicaState;
}

export interface ReplicaStore extends AsyncDisposable {
  readonly state: ReplicaState;

  /**
   * The points of `ids`, in their order, undefined where there is none. Throws `corrupt` on a record whose CRC is
   * wrong.
   */
  get(ids: readonly PointId[]): (StoredPoint | undefined)[];

  /** Like `get` without the vectors; what filters and most results need. */
  getPayloads(ids: readonly PointId[]): (StoredPayload | undefined)[];

  /**
   * All points in id order from `from` (inclusive). The iterator sees one state even while changes are committed.
   * Throws `corrupt` on a record whose CRC is wrong, and at the end of all points where they are not those that the
   * state counts.
   */
  scan(from?: PointId): IterableIterator<StoredPoint>;

  /** Like `scan` without the vectors. */
  scanPayloads(from?: PointId): IterableIterator<StoredPayload>;

  /**
   * The content digests of all points in id order, then those of all tombstones, of the state at the time of the call.
   */
  scanDigests(): IterableIterator<StoredDigest>;

  /** All tombstones in id order. To collect some is to commit their ids as `deletes`. */
  scanTombstones(): IterableIterator<Tombstone>;

  /**
   * To be awaited before the first commit: until then a store need not be on the disk. Idempotent, and costs nothing
   * once it is done. Errors: those of `open`; it may be tried again.
   */
  prepare(): Promise<void>;

  /**
   * Applies the changes and the new state atomically. An id stands at most once in `puts` and `deletes` together, and
   * both take its tombstone away. Deleting what is not there changes nothing. Hashes and counts follow from the
   * changes.
   */
  commit(changes: StoreChanges): ReplicaState;

  /**
   * A large commit in steps: reads give what was there before until it is written. One at a time, and none is made or
   * verified beside it; a flush waits. Steps that are given up have changed nothing.
   */
  stage(changes: StoreChanges): Steps<StagedCommit>;

  /** The newest `CUTS_KEPT`, the last one last. */
  readonly cuts: readonly Cut[];

  /** The `BucketSums` at a cut that is kept; undefined for another. */
  bucketsAt(cut: Sequence): Uint8Array | undefined;

  /** Makes everything committed so far survive a power loss; resolves to the sequence it covers. */
  flush(): Promise<Sequence>;

  /** Recomputes the content hash from every record; throws `corrupt` where it differs from the stored one. */
  verify(): ReplicaState;

  /** Idempotent; later calls throw. */
  close(): Promise<void>;
}

/** Opens the stores of a worker; `name` is a folder name. */
export interface ReplicaStores {
  open(name: string): Promise<ReplicaStore>;
  /** Removes a closed store and all it held. */
  drop(name: string): Promise<void>;
  /** Names of the stores present. */
  list(): Promise<string[]>;
}
