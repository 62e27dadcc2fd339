// The indexes of a replica's vectors: one for each name that the vector schema has, made and let go of with it.
//
//   (absent) ──prepare──► prepared ──follow──► in use ──follow──► retired: closed, its files removed
//
// Invariant: after `follow` the indexes in use are those of the schema, each of the revision it has there. Files that a
// crash left behind are removed when the replica opens.

import type { AnyVectorIndex, PointTable } from '@tributary/index';
import {
  type CollectionConfig,
  type NamedVectors,
  type PointId,
  type PointOffset,
  type VectorSchema,
  type VectorShape,
  vectorEntryOf,
} from '@tributary/model';
import { assert } from '@tributary/runtime';
import { graphSettingsOf } from './graph-settings.ts';

/** One of the vectors that a replica has had; its index keeps its files apart from those of others of that name. */
export interface IndexedVector {
  readonly storeName: string;
  readonly vectorName: string;
  readonly revision: number;
}

/**
 * Makes the index of one vector of a replica. `config` may lack a vector that came later: it has no settings of its
 * own.
 */
export type CreateIndex = (
  options: IndexedVector & {
    readonly shape: VectorShape;
    readonly config: CollectionConfig;
    readonly table: PointTable;
  },
) => Promise<AnyVectorIndex>;

/** What indexes keep outside the store. Both are idempotent. */
export interface IndexFiles {
  drop(vector: IndexedVector): Promise<void>;
  /** Removes all of the replica's but these. */
  sweep(storeName: string, kept: readonly IndexedVector[]): Promise<void>;
}

export interface ReplicaVectorsOptions {
  readonly storeName: string;
  readonly config: CollectionConfig;
  readonly table: PointTable;
  readonly createIndex: CreateIndex;
  /** Absent where indexes keep nothing outside. */
  readonly indexFiles?: IndexFiles;
}

interface Held {
  readonly index: AnyVectorIndex;
  readonly revision: number;
  readonly shape: VectorShape;
}

export class ReplicaVectors {
  readonly #options: ReplicaVectorsOptions;
  #config: CollectionConfig;
  readonly #indexes = new Map<string, AnyVectorIndex>();
  readonly #revisions = new Map<string, number>();
  readonly #shapes = new Map<string, VectorShape>();
  /** To be put in use with the next commit, by name. */
  readonly #prepared = new Map<string, Held>();
  #retiring: Promise<unknown> = Promise.resolve();

  constructor(options: ReplicaVectorsOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Those in use, by name; the same map for ever. */
  get indexes(): ReadonlyMap<string, AnyVectorIndex> {
    return this.#indexes;
  }

  /** Makes the indexes of a schema, empty, and removes the files of those it does not have. */
  async open(schema: VectorSchema): Promise<void> {
    const { storeName, indexFiles } = this.#options;
    const kept = Object.entries(schema).flatMap(([vectorName, { revision, shape }]) =>
      shape === undefined ? [] : { storeName, vectorName, revision },
    );
    await indexFiles?.sweep(storeName, kept);
    await this.prepare(schema);
    this.follow(schema);
  }

  /** Loads the sealed segments; returns which were thrown away and why. */
  async loadSegments(): Promise<string[]> {
    const rejected: string[] = [];
    for (const [name, index] of this.#indexes) {
      const loaded = await index.loadSegments((id: PointId) => this.#options.table.resolve(id));
      rejected.push(...loaded.rejected.map((reason) => `vector '${name}', ${reason}`));
      // What was rejected is built again also where no one writes.
      index.maintain();
    }
    return rejected;
  }

  /** Makes the indexes that the schema has and that are not in use, in place of any prepared before. */
  async prepare(schema: VectorSchema): Promise<void> {
    await this.#discardPrepared();
    const { indexFiles, createIndex, ...others } = this.#options;
    for (const [vectorName, { revision, shape }] of Object.entries(schema)) {
      if (shape === undefined || this.#revisions.get(vectorName) === revision) continue;
      const config = this.#config;
      const index = await createIndex({ ...others, config, vectorName, revision, shape });
      // Changed meanwhile.
      if (this.#config !== config) configureIndex(index, this.#config, vectorName, shape);
      this.#prepared.set(vectorName, { index, revision, shape });
    }
  }

  /** Puts what was prepared for the schema into use, and what the schema does not have out of it. */
  follow(schema: VectorSchema): void {
    for (const [name, revision] of this.#revisions) {
      const entry = vectorEntryOf(schema, name);
      if (entry?.shape === undefined || entry.revision !== revision) this.#retire(name, revision);
    }
    for (const [name, { revision, shape }] of Object.entries(schema)) {
      if (shape === undefined || this.#revisions.has(name)) continue;
      const prepared = this.#prepared.get(name);
      assert(
        prepared?.revision === revision,
        'an index is prepared before the commit that makes it',
      );
      this.#indexes.set(name, prepared.index);
      this.#revisions.set(name, revision);
      this.#shapes.set(name, prepared.shape);
      this.#prepared.delete(name);
    }
  }

  /** Applies what a configuration says of graphs; quantization is that of the one the indexes were made with. */
  configure(config: CollectionConfig): void {
    this.#config = config;
    for (const [name, { index, shape }] of this.#prepared) {
      configureIndex(index, config, name, shape);
    }
    for (const [name, index] of this.#indexes) {
      const shape = this.#shapes.get(name);
      if (shape !== undefined) configureIndex(index, config, name, shape);
    }
  }

  add(offset: PointOffset, vectors: NamedVectors): void {
    for (const name in vectors) {
      const vector = vectors[name];
      if (vector !== undefined) this.#indexes.get(name)?.add(offset, vector);
    }
  }

  remove(offset: PointOffset): void {
    for (const index of this.#indexes.values()) index.remove(offset);
  }

  /** Whether a build is under way. */
  maintain(): boolean {
    let isBuilding = false;
    for (const index of this.#indexes.values()) {
      index.maintain();
      isBuilding ||= index.stats().building;
    }
    return isBuilding;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#discardPrepared();
    for (const index of this.#indexes.values()) await index.close();
    await this.#retiring;
  }

  #retire(name: string, revision: number): void {
    const { storeName, indexFiles } = this.#options;
    const index = this.#indexes.get(name);
    this.#indexes.delete(name);
    this.#revisions.delete(name);
    this.#shapes.delete(name);
    const retired = async () => {
      await index?.close();
      await indexFiles?.drop({ storeName, vectorName: name, revision });
    };
    // Files that cannot be removed now are removed when the replica opens.
    this.#retiring = Promise.allSettled([this.#retiring, retired()]);
  }

  async #discardPrepared(): Promise<void> {
    const prepared = [...this.#prepared.values()];
    this.#prepared.clear();
    for (const { index } of prepared) await index.close();
  }
}

function configureIndex(
  index: AnyVectorIndex,
  config: CollectionConfig,
  name: string,
  shape: VectorShape,
): void {
  if (shape.kind !== 'sparse') index.configure(graphSettingsOf(config, name, shape));
}
