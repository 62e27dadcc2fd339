// What a replica holds: the store, the table that names each point's offset, an index for each vector, and the payload
// indexes that the store's schema names.
//
// Invariant: whenever a read runs all of them are at one sequence: reads wait while a commit that takes several turns
// of the event loop is made. A commit changes the store first: where that throws, the others still stand for the state
// that the store keeps.

import { isDeepStrictEqual } from 'node:util';
import { FieldValues, PayloadIndexes, PointTable } from '@tributary/index';
import {
  type CollectionConfig,
  type CollectionVectors,
  type FieldIndex,
  type PayloadBytes,
  type PayloadSchema,
  type PointOffset,
  payloadFromBytes,
  type StoredPoint,
  type VectorSchema,
  vectorSchemaOf,
} from '@tributary/model';
import type { ApplyBatch, CandidateFinder, PointChanges } from '@tributary/replication';
import { assert, atOnce, type Clock, type Steps } from '@tributary/runtime';
import { ReplicaReader } from '@tributary/search';
import type { ReplicaState, ReplicaStore, ReplicaStores, StoreChanges } from '@tributary/storage';
import type { ReplicaInfo } from '@tributary/wire';
import { describeIndexes } from './describe-indexes.ts';
import { LongReads } from './long-reads.ts';
import { type CreateIndex, type IndexFiles, ReplicaVectors } from './replica-vectors.ts';
import { createCandidateFinder } from './update-candidates.ts';

export interface ReplicaContentOptions {
  readonly stores: ReplicaStores;
  readonly storeName: string;
  readonly config: CollectionConfig;
  readonly createdVectors: CollectionVectors;
  readonly createIndex: CreateIndex;
  readonly indexFiles?: IndexFiles;
  readonly clock: Clock;
  /** Lets other work of the thread go on. */
  readonly turn: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Points loaded between two turns while a replica opens. */
const OPEN_BATCH_POINTS = 500;
/** More are committed in steps; so many take some 10 ms. */
const SMALL_COMMIT_POINTS = 1_000;
const STEP_POINTS = 256;
const NO_CHANGES: PointChanges = {
  puts: [],
  deletes: [],
  payloadOnly: new Set(),
  narrowed: new Set(),
};

export class ReplicaContent implements AsyncDisposable {
  readonly store: ReplicaStore;
  readonly reader: ReplicaReader;
  readonly longReads = new LongReads();
  /** For the batch that is committed next. */
  readonly candidates: CandidateFinder;
  readonly #table: PointTable;
  readonly #createdVectors: VectorSchema;
  readonly #vectors: ReplicaVectors;
  readonly #payloadIndexes: PayloadIndexes;
  readonly #turn: () => Promise<void>;
  /** Payload indexes to be attached with the next commit, by field. */
  readonly #prepared = new Map<string, FieldValues>();

  private constructor(store: ReplicaStore, table: PointTable, options: ReplicaContentOptions) {
    this.store = store;
    this.#turn = options.turn;
    this.#table = table;
    this.#createdVectors = vectorSchemaOf(options.createdVectors);
    this.#vectors = new ReplicaVectors({ ...options, table });
    const payloadIndexes = new PayloadIndexes(table, this.#vectors.indexes);
    this.#payloadIndexes = payloadIndexes;
    this.candidates = createCandidateFinder(table, payloadIndexes);
    this.reader = new ReplicaReader({
      ...{ store, table, payloadIndexes },
      indexes: this.#vectors.indexes,
      config: options.config,
      vectorSchema: () => this.#vectorSchema,
      clock: options.clock,
    });
  }

  /**
   * Opens the store, takes its points up again, then the sealed segments. `rejected` names the segments that did not
   * check out, by vector; they are built again. Errors: `corrupt` where the store does, `cancelled` by the signal's
   * reason.
   */
  static async open(
    options: ReplicaContentOptions,
  ): Promise<{ content: ReplicaContent; rejected: readonly string[] }> {
    const store = await options.stores.open(options.storeName);
    const content = new ReplicaContent(store, new PointTable(), options);
    try {
      await content.#vectors.open(content.#vectorSchema);
      for (const [field, index] of Object.entries(store.state.payloadSchema)) {
        content.#payloadIndexes.create(field, index, []);
      }
      await content.#takeUp(options.signal);
      return { content, rejected: await content.#vectors.loadSegments() };
    } catch (error) {
      await content.close();
      throw error;
    }
  }

  get state(): ReplicaState {
    return this.store.state;
  }

  get #vectorSchema(): VectorSchema {
    return this.state.vectorSchema ?? this.#createdVectors;
  }

  /**
   * Makes the store ready for a commit, and the indexes that the batch creates: those of vectors, empty, and those of
   * payloads, over the points there are, in slices: a read meanwhile sees none of them. To be called before the batch's
   * commit, and nothing may be committed between. Errors: the signal's reason; those of the store.
   */
  async prepare(batch: ApplyBatch | undefined, signal: AbortSignal): Promise<void> {
    this.#prepared.clear();
    await this.store.prepare();
    const changes = batch?.changes();
    if (changes?.vectorSchema !== undefined) await this.#vectors.prepare(changes.vectorSchema);
    if (changes?.payloadSchema !== undefined) {
      await this.#prepareFields(changes.payloadSchema, signal);
    }
  }

  async #prepareFields(schema: PayloadSchema, signal: AbortSignal): Promise<void> {
    for (const [field, index] of this.#newIn(schema)) {
      this.#prepared.set(field, new FieldValues(field, index));
    }
    if (this.#prepared.size === 0) return;
    let taken = 0;
    for (const { id, payload } of this.store.scanPayloads()) {
      const offset = this.#table.resolve(id);
      assert(offset !== undefined, 'a stored point has an offset');
      const parsed = payloadFromBytes(payload);
      for (const values of this.#prepared.values()) values.add(offset, parsed);
      taken++;
      if (taken % OPEN_BATCH_POINTS !== 0) continue;
      await this.#turn();
      signal.throwIfAborted();
    }
  }

  /**
   * Makes the batch's changes, and that everything up to `appliedSequence` is applied, last and visible at once; a
   * large one in slices. Errors: the signal's reason, before anything is changed.
   */
  async commit(
    batch: ApplyBatch | undefined,
    applied: Pick<StoreChanges, 'appliedSequence' | 'appliedCount' | 'isCut'>,
    signal: AbortSignal,
  ): Promise<void> {
    const changes: PointChanges = batch?.changes() ?? NO_CHANGES;
    const isLarge = changes.puts.length + changes.deletes.length > SMALL_COMMIT_POINTS;
    const steps = this.store.stage({ ...changes, ...applied });
    using staged =
      isLarge || applied.isCut === true ? await this.#inTurns(steps, signal) : atOnce(steps);
    await this.longReads.whileNone(() => {
      staged.write();
      return isLarge ? this.#inTurns(this.#take(changes)) : atOnce(this.#take(changes));
    });
  }

  /** The changes of a commit that is written. */
  *#take(changes: PointChanges): Steps<void> {
    this.#followSchema();
    if (changes.vectorSchema !== undefined) this.#vectors.follow(changes.vectorSchema);
    let taken = 0;
    for (const id of changes.deletes) {
      if (++taken % STEP_POINTS === 0) yield;
      const old = this.#table.release(id);
      if (old !== undefined) this.#unindex(old);
    }
    for (const point of changes.puts) {
      if (++taken % STEP_POINTS === 0) yield;
      if (changes.payloadOnly.has(point.id) || changes.narrowed.has(point.id)) {
        this.#indexPayload(point);
      } else this.#index(point);
    }
    const isBuilding = this.#vectors.maintain();
    // A build names its rows by their offsets; until it is done, none of them may come to stand for another point.
    if (!isBuilding) this.#table.reclaim();
  }

  /** Errors: those of the steps, the signal's reason. */
  async #inTurns<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await this.#turn();
      if (signal?.aborted) steps.throw(signal.reason);
    }
  }

  /** Applies what a configuration says of graphs and searches; that of quantization when it is opened again. */
  configure(config: CollectionConfig): void {
    this.reader.configure(config);
    this.#vectors.configure(config);
  }

  info(): Omit<ReplicaInfo, 'queuedEntries'> {
    return {
      ...this.state,
      ...describeIndexes(this.#vectors.indexes),
      payloadIndexPoints: this.#payloadIndexes.pointsByField(),
      payloadIndexBytes: this.#payloadIndexes.memoryBytes,
      tableBytes: this.#table.memoryBytes,
    };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#vectors.close();
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #takeUp(signal: AbortSignal): Promise<void> {
    let taken = 0;
    for (const point of this.store.scan()) {
      this.#index(point);
      taken++;
      if (taken % OPEN_BATCH_POINTS !== 0) continue;
      await this.#turn();
      signal.throwIfAborted();
    }
  }

  #index(point: StoredPoint): void {
    const old = this.#table.resolve(point.id);
    if (old !== undefined) this.#unindex(old);
    const offset = this.#table.assign(point.id, point.version);
    this.#vectors.add(offset, point.vectors);
    this.#addPayload(offset, point.payload);
  }

  /** Of a point that keeps its vectors, apart from those whose whole index goes, and so its offset. */
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
    this.#vectors.remove(offset);
    this.#payloadIndexes.remove(offset);
  }

  /** Drops the payload indexes that are not in the schema as they are, and attaches those it has instead. */
  #followSchema(): void {
    const { payloadSchema } = this.state;
    const present = this.#payloadIndexes.schema;
    const created = this.#newIn(payloadSchema);
    for (const field of Object.keys(present)) {
      if (!isDeepStrictEqual(payloadSchema[field], present[field]))
        this.#payloadIndexes.drop(field);
    }
    for (const [field] of created) {
      const values = this.#prepared.get(field);
      assert(values !== undefined, 'an index is prepared before the commit that makes it');
      this.#payloadIndexes.attach(field, values);
    }
    this.#prepared.clear();
  }

  /** Indexes of a schema that are not there as they are. */
  #newIn(schema: PayloadSchema): (readonly [string, FieldIndex])[] {
    const present = this.#payloadIndexes.schema;
    return Object.entries(schema).filter(
      ([field, index]) => !isDeepStrictEqual(present[field], index),
    );
  }
}
