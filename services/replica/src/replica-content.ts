// What a replica holds: the store, the table that names each point's offset, an index for each vector, and the payload
// indexes that the store's schema names.
//
// Invariant: between two turns of the event loop all of them are at one sequence. A commit changes the store first: where
// that throws, the others still stand for the state that the store keeps.

import { isDeepStrictEqual } from 'node:util';
import { type AnyVectorIndex, PayloadIndexes, PointTable } from '@tributary/index';
import {
  type CollectionConfig,
  type JsonObject,
  type PayloadBytes,
  type PayloadSchema,
  type PointOffset,
  payloadFromBytes,
  type Sequence,
  type StoredPoint,
} from '@tributary/model';
import type { ApplyBatch, PointChanges } from '@tributary/replication';
import { assert } from '@tributary/runtime';
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
  readonly #payloadIndexes: PayloadIndexes;

  private constructor(
    store: ReplicaStore,
    table: PointTable,
    indexes: ReadonlyMap<string, AnyVectorIndex>,
    config: CollectionConfig,
  ) {
    this.store = store;
    this.#table = table;
    this.#indexes = indexes;
    const payloadIndexes = new PayloadIndexes(table);
    this.#payloadIndexes = payloadIndexes;
    this.reader = new ReplicaReader({ store, table, indexes, payloadIndexes, config });
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
      for (const [field, index] of Object.entries(store.state.payloadSchema)) {
        content.#payloadIndexes.create(field, index, []);
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
    const created = this.#dropPayloadIndexes(this.state.payloadSchema);
    for (const id of changes.deletes) {
      const old = this.#table.release(id);
      if (old !== undefined) this.#unindex(old);
    }
    for (const point of changes.puts) {
      if (changes.payloadOnly.has(point.id)) this.#indexPayload(point);
      else this.#index(point);
    }
    for (const field of created) {
      const index = this.state.payloadSchema[field];
      if (index !== undefined) this.#payloadIndexes.create(field, index, this.#payloads());
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
      payloadIndexPoints: this.#payloadIndexes.pointsByField(),
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
    this.#addPayload(offset, point.payload);
  }

  /** Of a point that keeps its vectors, and so its offset. */
  #indexPayload({ id, version, payload }: StoredPoint): void {
    const offset = this.#table.resolve(id);
    assert(offset !== undefined, 'a point whose payload alone changes is there');
    this.#table.setVersion(id, version);
    this.#payloadIndexes.remove(offset);
    this.#addPayload(offset, payload);
  }

  #addPayload(offset: PointOffset, payload: PayloadBytes): void {
    if (this.#payloadIndexes.size === 0) return;
    this.#payloadIndexes.add(offset, payloadFromBytes(payload));
  }

  #unindex(offset: PointOffset): void {
    for (const index of this.#indexes.values()) index.remove(offset);
    this.#payloadIndexes.remove(offset);
  }

  /** Drops the indexes that are not in the schema as they are; returns the fields that want a new one. */
  #dropPayloadIndexes(schema: PayloadSchema): string[] {
    const { schema: present } = this.#payloadIndexes;
    for (const [field, index] of Object.entries(present)) {
      if (!isDeepStrictEqual(schema[field], index)) this.#payloadIndexes.drop(field);
    }
    return Object.keys(schema).filter(
      (field) =>
        !Object.hasOwn(present, field) || !isDeepStrictEqual(schema[field], present[field]),
    );
  }

  *#payloads(): Generator<{ readonly offset: PointOffset; readonly payload: JsonObject }> {
    for (const { id, payload } of this.store.scanPayloads()) {
      const offset = this.#table.resolve(id);
      assert(offset !== undefined, 'a stored point has an offset');
      yield { offset, payload: payloadFromBytes(payload) };
    }
  }
}
