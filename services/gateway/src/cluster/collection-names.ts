// Finds a collection by its name or alias. A name this peer does not know may have been made at another peer a moment
// ago, so an unknown one is looked up again after catching up with META. Callers share a catch-up, but never one that
// had begun before they asked: it might miss what they know of.

import {
  type CollectionState,
  findCollection,
  type Metadata,
  type MetadataState,
} from '@tributary/metadata';
import { collectionNotFound } from '@tributary/qdrant-api';
import { type Clock, TributaryError } from '@tributary/runtime';
import { within } from './within.ts';

const CATCH_UP_MS = 1_000;

export class CollectionNames {
  readonly #metadata: Metadata;
  readonly #clock: Clock;
  #running: Promise<MetadataState> | undefined;
  #following: Promise<MetadataState> | undefined;

  constructor(metadata: Metadata, clock: Clock) {
    this.#metadata = metadata;
    this.#clock = clock;
  }

  /** Errors: `not_found`. */
  async resolve(name: string): Promise<CollectionState> {
    const collection = lookUp(this.#metadata.state, name) ?? (await this.find(name));
    if (collection === undefined) throw collectionNotFound(name);
    return collection;
  }

  async find(name: string): Promise<CollectionState | undefined> {
    return lookUp(this.#metadata.state, name) ?? lookUp(await this.caughtUp(), name);
  }

  /**
   * What the work makes of the collection. What is refused as wrong may be right by what was changed at another peer a
   * moment ago, a new vector for one: it is tried once more where META had news. So the work must be one that may be
   * done twice.
   */
  async using<T>(name: string, work: (collection: CollectionState) => Promise<T>): Promise<T> {
    // Nothing is waited for where the name is known: every read comes this way.
    const collection = lookUp(this.#metadata.state, name) ?? (await this.resolve(name));
    const { sequence } = this.#metadata.state;
    try {
      return await work(collection);
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'wrong_input') throw error;
      if ((await this.caughtUp()).sequence === sequence) throw error;
      return await work(await this.resolve(name));
    }
  }

  /** The same collection as of the newest state to be had; undefined where it is gone. */
  async newest({ id }: CollectionState): Promise<CollectionState | undefined> {
    return findCollection(await this.caughtUp(), id);
  }

  /** The newest state to be had; the one at hand where META does not answer in time. */
  async caughtUp(): Promise<MetadataState> {
    if (this.#running === undefined) return this.#start();
    this.#following ??= this.#running.then(() => {
      this.#following = undefined;
      return this.#start();
    });
    return this.#following;
  }

  #start(): Promise<MetadataState> {
    this.#running = this.#sync().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #sync(): Promise<MetadataState> {
    try {
      return await within(this.#clock, CATCH_UP_MS, 'catching up with META', (signal) =>
        this.#metadata.sync(signal),
      );
    } catch {
      return this.#metadata.state;
    }
  }
}

function lookUp(state: MetadataState, name: string): CollectionState | undefined {
  return state.collections.get(name) ?? state.collections.get(state.aliases.get(name) ?? '');
}
