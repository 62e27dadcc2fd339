// What a replica holds: the store, the table that names each point's offset, and an index for each vector.
//
// Invariant: between two turns of the event loop all three are at one sequence. A commit changes the store first: where
// that throws, table and indexes still stand for the state that the store keeps.

import { type AnyVectorIndex, PointTable } from '@tributary/index';
import type { CollectionConfig, PointOffset, Sequence, StoredPoint } from '@tributary/model';
import type { ApplyBatch, PointChanges } from '@tributary/replication';
import { ReplicaReader } from '@tributary/search';
import type { ReplicaState, ReplicaStore, ReplicaStores } from '@tributary/storage';
import type { ReplicaInfo } from '@tributary/wire';

/** Makes the index of one vector of a replica. */
export type CreateIndex = (options: {
  readonly storeName: string;
  readonly vectorName: string;
  readonly config: CollectionConfig;
  readonly table: PointTable;
}) => Promise<AnyVectorIndex>;

export interface ReplicaContentOptions {
  readonly stores: ReplicaStores;
  readonly storeName: string;
  readonly config: CollectionConfig;
  readonly createIndex: CreateIndex;
  /** Lets other work of the thread go on. */
  readonly turn: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Points taken up between two turns while a replica opens. */
const OPEN_BATCH_POINTS = 500;
const NO_CHANGES: PointChanges = { puts: [], deletes: [], payloadOnly: new Set() };

export class ReplicaContent implements AsyncDisposable {
  readonly store: ReplicaStore;
  readonly reader: ReplicaReader;
  readonly #table: PointTable;
  readonly #indexes: ReadonlyMap<string, AnyVectorIndex>;

  private constructor(
    store: ReplicaStore,
    table: PointTable,
    indexes: ReadonlyMap<string, AnyVectorIndex>,
    config: CollectionConfig,
  ) {
    this.store = store;
    this.#table = table;
    this.#indexes = indexes;
    this.reader = new ReplicaReader({ store, table, indexes, config });
  }

  /**
   * Opens the store, takes its points up again, then the sealed segments. `rejected` names the segments that did not
   * check out, by vector; they are built again. Errors: `corrupt` where the store does, `cancelled` by the signal's reason.
   */
  static async open(
    options: ReplicaContentOptions,
  ): Promise<{ content: ReplicaContent; rejected: readonly string[] }> {
    const { config, stores, storeName } = options;
    const store = await stores.open(storeName);
    const table = new PointTable();
    const indexes = new Map<string, AnyVectorIndex>();
    const content = new ReplicaContent(store, table, indexes, config);
    try {
      const sparseNames = Object.keys(config.sparseVectors ?? {});
      for (const vectorName of [...Object.keys(config.vectors), ...sparseNames]) {
        const index = await options.createIndex({ storeName, vectorName, config, table });
        indexes.set(vectorName, index);
      }
      await content.#takeUp(options);
      const rejected: string[] = [];
      for (const [vectorName, index] of indexes) {
        const loaded = await index.loadSegments((id) => table.resolve(id));
        rejected.push(...loaded.rejected.map((reason) => `vector '${vectorName}', ${reason}`));
        // What was rejected is built again also where nobody writes.
        index.maintain();
      }
      return { content, rejected };
    } catch (error) {
      await content.close();
      throw error;
    }
  }

  get state(): ReplicaState {
    return this.store.state;
  }

  /** Makes the batch's changes, and that everything up to `appliedSequence` is applied, last and visible at once. */
  commit(
    batch: ApplyBatch | undefined,
    applied: { readonly appliedSequence: Sequence; readonly appliedCount: number },
  ): void {
    const changes: PointChanges = batch?.changes() ?? NO_CHANGES;
    this.store.commit({ ...changes, ...applied });
    for (const id of changes.deletes) {
      const old = this.#table.release(id);
      if (old !== undefined) this.#unindex(old);
    }
    for (const point of changes.puts) {
      if (changes.payloadOnly.has(point.id)) this.#table.setVersion(point.id, point.version);
      else this.#index(point);
    }
    let isBuilding = false;
    for (const index of this.#indexes.values()) {
      index.maintain();
      isBuilding ||= index.stats().building;
    }
    // A build names its rows by their offsets; until it is done, none of them may come to stand for another point.
    if (!isBuilding) this.#table.reclaim();
  }

  info(): ReplicaInfo {
    let indexedVectorsCount = 0;
    let segmentsCount = 0;
    let memoryBytes = 0;
    let optimizing = false;
    for (const index of this.#indexes.values()) {
      const stats = index.stats();
      indexedVectorsCount += stats.indexedVectors;
      segmentsCount += stats.segments;
      memoryBytes += stats.memoryBytes;
      optimizing ||= stats.building;
    }
    return {
      ...this.state,
      indexedVectorsCount,
      segmentsCount,
      memoryBytes,
      optimizing,
      payloadIndexPoints: {},
    };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    for (const index of this.#indexes.values()) await index.close();
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #takeUp({ turn, signal }: ReplicaContentOptions): Promise<void> {
    let taken = 0;
    for (const point of this.store.scan()) {
      this.#index(point);
      taken++;
      if (taken % OPEN_BATCH_POINTS !== 0) continue;
      await turn();
      signal.throwIfAborted();
    }
  }

  #index(point: StoredPoint): void {
    const old = this.#table.resolve(point.id);
    if (old !== undefined) this.#unindex(old);
    const offset = this.#table.assign(point.id, point.version);
    for (const name in point.vectors) {
      const vector = point.vectors[name];
      if (vector !== undefined) this.#indexes.get(name)?.add(offset, vector);
    }
  }

  #unindex(offset: PointOffset): void {
    for (const index of this.#indexes.values()) index.remove(offset);
  }
}
