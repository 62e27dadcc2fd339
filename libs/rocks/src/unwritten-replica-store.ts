// The store of a replica that has never had a commit: empty, in memory, without a database. Most replicas of a cluster
// of many tenants are such, and a database costs each of them 5 ms to open and a third of a megabyte.
//
//   unwritten ──prepare──► creating ──► written: every call goes to the store that was created
//                             └──(creation failed)──► unwritten
//
// Invariant: what the folder holds is a store that was opened by `create`, or nothing that was ever committed.

import {
  type PointId,
  type Sequence,
  type StoredPoint,
  sequence,
  type Tombstone,
} from '@tributary/model';
import { assert, type Steps } from '@tributary/runtime';
import {
  type Cut,
  EMPTY_REPLICA_STATE,
  type ReplicaState,
  type ReplicaStore,
  type StagedCommit,
  type StoreChanges,
  type StoredDigest,
  type StoredPayload,
} from '@tributary/storage';

export interface UnwrittenReplicaStoreOptions {
  readonly name: string;
  /** Creates the store on the disk. Called again where it threw. */
  readonly create: () => Promise<ReplicaStore>;
  /** Called once, when it is closed; after the created store is, where there is one. */
  readonly onClose: () => void;
}

export class UnwrittenReplicaStore implements ReplicaStore {
  readonly #options: UnwrittenReplicaStoreOptions;
  #written: ReplicaStore | undefined;
  #creating: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: UnwrittenReplicaStoreOptions) {
    this.#options = options;
  }

  get state(): ReplicaState {
    return this.#written?.state ?? EMPTY_REPLICA_STATE;
  }

  get cuts(): readonly Cut[] {
    return this.#written?.cuts ?? [];
  }

  bucketsAt(cut: Sequence): Uint8Array | undefined {
    return this.#written?.bucketsAt(cut);
  }

  get(ids: readonly PointId[]): (StoredPoint | undefined)[] {
    this.#assertOpen();
    return this.#written?.get(ids) ?? ids.map(() => undefined);
  }

  getPayloads(ids: readonly PointId[]): (StoredPayload | undefined)[] {
    this.#assertOpen();
    return this.#written?.getPayloads(ids) ?? ids.map(() => undefined);
  }

  scan(from?: PointId): IterableIterator<StoredPoint> {
    this.#assertOpen();
    return this.#written?.scan(from) ?? [].values();
  }

  scanPayloads(from?: PointId): IterableIterator<StoredPayload> {
    this.#assertOpen();
    return this.#written?.scanPayloads(from) ?? [].values();
  }

  scanDigests(): IterableIterator<StoredDigest> {
    this.#assertOpen();
    return this.#written?.scanDigests() ?? [].values();
  }

  scanTombstones(): IterableIterator<Tombstone> {
    this.#assertOpen();
    return this.#written?.scanTombstones() ?? [].values();
  }

  async prepare(): Promise<void> {
    this.#assertOpen();
    this.#creating ??= this.#create();
    await this.#creating;
  }

  commit(changes: StoreChanges): ReplicaState {
    return this.#prepared().commit(changes);
  }

  *stage(changes: StoreChanges): Steps<StagedCommit> {
    return yield* this.#prepared().stage(changes);
  }

  async flush(): Promise<Sequence> {
    this.#assertOpen();
    return (await this.#written?.flush()) ?? sequence(0);
  }

  verify(): ReplicaState {
    this.#assertOpen();
    return this.#written?.verify() ?? EMPTY_REPLICA_STATE;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #create(): Promise<void> {
    try {
      this.#written = await this.#options.create();
    } catch (error) {
      this.#creating = undefined;
      throw error;
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#creating?.catch(() => {});
      await this.#written?.close();
    } finally {
      this.#options.onClose();
    }
  }

  #prepared(): ReplicaStore {
    this.#assertOpen();
    assert(this.#written !== undefined, `the store ${this.#options.name} is prepared for commits`);
    return this.#written;
  }

  #assertOpen(): void {
    assert(this.#closing === undefined, `the store ${this.#options.name} is open`);
  }
}
