// What a state counts and sums of a store's records, kept up with each one that comes and goes.
//
// Invariant: the totals follow from the records alone, regardless of the order and the batches in which they came.

import type { BucketSums } from './bucket-sums.ts';
import { contentDigest, DigestSum } from './content-hash.ts';
import {
  EMPTY_REPLICA_STATE,
  type RecordTotals,
  type ReplicaState,
  type StoreChanges,
  type StoredDigest,
} from './replica-store.ts';

/** What is summed of a point or a tombstone; `digest` is its `pointDigest` or `tombstoneDigest`. */
export type SummedRecord = Pick<StoredDigest, 'version' | 'digest'>;

export class StateTotals {
  readonly #contentHash: DigestSum;
  readonly #stateHash: DigestSum;
  readonly #buckets: BucketSums | undefined;
  #pointsCount: number;
  #payloadBytes: number;
  #tombstonesCount: number;

  /** Begins at those of a state; `buckets` are kept up too, where given. */
  constructor(from: RecordTotals = EMPTY_REPLICA_STATE, buckets?: BucketSums) {
    this.#contentHash = new DigestSum(from.contentHash);
    this.#stateHash = new DigestSum(from.stateHash);
    this.#pointsCount = from.pointsCount;
    this.#payloadBytes = from.payloadBytes;
    this.#tombstonesCount = from.tombstonesCount;
    this.#buckets = buckets;
  }

  get(): RecordTotals {
    return {
      contentHash: this.#contentHash.toString(),
      stateHash: this.#stateHash.toString(),
      pointsCount: this.#pointsCount,
      payloadBytes: this.#payloadBytes,
      tombstonesCount: this.#tombstonesCount,
    };
  }

  addPoint(idBytes: Uint8Array, record: SummedRecord, payloadBytes: number): void {
    this.#pointsCount++;
    this.#payloadBytes += payloadBytes;
    this.#add(idBytes, record);
  }

  subtractPoint(idBytes: Uint8Array, record: SummedRecord, payloadBytes: number): void {
    this.#pointsCount--;
    this.#payloadBytes -= payloadBytes;
    this.#subtract(idBytes, record);
  }

  addTombstone(idBytes: Uint8Array, record: SummedRecord): void {
    this.#tombstonesCount++;
    this.#add(idBytes, record);
  }

  subtractTombstone(idBytes: Uint8Array, record: SummedRecord): void {
    this.#tombstonesCount--;
    this.#subtract(idBytes, record);
  }

  #add(idBytes: Uint8Array, { version, digest }: SummedRecord): void {
    const content = contentDigest(digest, version);
    this.#stateHash.add(digest);
    this.#contentHash.add(content);
    this.#buckets?.add(idBytes, content);
  }

  #subtract(idBytes: Uint8Array, { version, digest }: SummedRecord): void {
    const content = contentDigest(digest, version);
    this.#stateHash.subtract(digest);
    this.#contentHash.subtract(content);
    this.#buckets?.subtract(idBytes, content);
  }
}

/** Whether the records that were looked at are those of the state. */
export function areTotalsOf(totals: StateTotals, state: ReplicaState): boolean {
  const { contentHash, stateHash, pointsCount, payloadBytes, tombstonesCount } = totals.get();
  return (
    contentHash === state.contentHash &&
    stateHash === state.stateHash &&
    pointsCount === state.pointsCount &&
    payloadBytes === state.payloadBytes &&
    tombstonesCount === state.tombstonesCount
  );
}

/** The state after a commit that leaves these totals. */
export function stateAfter(
  before: ReplicaState,
  changes: StoreChanges,
  totals: StateTotals,
): ReplicaState {
  const vectorSchema = changes.vectorSchema ?? before.vectorSchema;
  return {
    appliedSequence: changes.appliedSequence,
    appliedCount: changes.appliedCount,
    ...totals.get(),
    lastStamp: changes.lastStamp ?? before.lastStamp,
    payloadSchema: changes.payloadSchema ?? before.payloadSchema,
    ...(vectorSchema && { vectorSchema }),
  };
}
