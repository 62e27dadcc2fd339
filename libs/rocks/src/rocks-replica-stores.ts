// The stores of a worker: one folder each beneath one data folder, with a RocksDB database in it from the first commit
// on.
//
// Dropping renames before it removes, so a drop that a crash cut short never leaves half a store to be opened.

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, type Logger, TributaryError } from '@tributary/runtime';
import type { ReplicaStore, ReplicaStores } from '@tributary/storage';
import { type DatabaseOptions, RocksDatabase } from './database.ts';
import { brokenFolder, isNoSuchFile } from './database-error.ts';
import { RocksReplicaStore } from './rocks-replica-store.ts';
import { UnwrittenReplicaStore } from './unwritten-replica-store.ts';

export interface RocksReplicaStoresOptions extends Partial<DatabaseOptions> {
  /** Holds one folder a store; made when missing. */
  readonly folder: string;
  readonly logger: Logger;
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,199}$/;
const DROPPED = '.dropped';
/** Memory for many replicas in one process: about 24 MB in steady use, 72 MB at worst under a burst. */
const WRITE_BUFFER_BYTES = 8 << 20;
const BLOCK_CACHE_BYTES = 8 << 20;

export function createRocksReplicaStores(options: RocksReplicaStoresOptions): ReplicaStores {
  return new RocksReplicaStores(options);
}

class RocksReplicaStores implements ReplicaStores {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #database: DatabaseOptions;
  readonly #open = new Set<string>();

  constructor(options: RocksReplicaStoresOptions) {
    this.#folder = options.folder;
    this.#logger = options.logger;
    this.#database = {
      writeBufferBytes: options.writeBufferBytes ?? WRITE_BUFFER_BYTES,
      blockCacheBytes: options.blockCacheBytes ?? BLOCK_CACHE_BYTES,
    };
  }

  async open(name: string): Promise<ReplicaStore> {
    const folder = this.#folderOf(name);
    if (this.#open.has(name)) {
      throw new TributaryError('unavailable', `the store ${name} is open already`);
    }
    this.#open.add(name);
    try {
      await mkdir(folder, { recursive: true });
      const onClose = () => this.#open.delete(name);
      if (await RocksDatabase.isIn(name, folder)) return await this.#load(name, folder, onClose);
      const create = () => this.#load(name, folder, () => {});
      return new UnwrittenReplicaStore({ name, create, onClose });
    } catch (error) {
      this.#open.delete(name);
      throw error;
    }
  }

  async drop(name: string): Promise<void> {
    assert(!this.#open.has(name), `the store ${name} is closed before a drop`);
    const dropped = this.#folderOf(name) + DROPPED;
    await rm(dropped, { recursive: true, force: true });
    try {
      await rename(this.#folderOf(name), dropped);
    } catch (error) {
      if (isNoSuchFile(error)) return;
      throw error;
    }
    await rm(dropped, { recursive: true, force: true });
  }

  async list(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      // Finishes what a crash cut short.
      for (const name of folders.filter((folder) => folder.endsWith(DROPPED))) {
        await rm(join(this.#folder, name), { recursive: true, force: true });
      }
      return folders.filter((folder) => NAME.test(folder)).sort();
    } catch (error) {
      if (isNoSuchFile(error)) return [];
      throw error;
    }
  }

  async #load(name: string, folder: string, onClose: () => void): Promise<ReplicaStore> {
    const database = await RocksDatabase.open(name, folder, this.#database);
    try {
      const store = new RocksReplicaStore(name, database, onClose);
      this.#logger.debug({ store: name, ...store.state }, 'store opened');
      return store;
    } catch (error) {
      await database.close();
      if (error instanceof TributaryError && error.code === 'corrupt') {
        throw new TributaryError('corrupt', brokenFolder(name, folder, error.message), {
          cause: error,
        });
      }
      throw error;
    }
  }

  #folderOf(name: string): string {
    assert(NAME.test(name), `the name of a store is a folder name: ${JSON.stringify(name)}`);
    return join(this.#folder, name);
  }
}
