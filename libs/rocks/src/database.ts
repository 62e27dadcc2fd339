// One RocksDB database with two column families, and nothing but synchronous reads and writes.
//
//   points   id → version, digest, payload; and the replica's state under a key outside the ids
//   vectors  id → vectors
//
// The state lies with the points, so those two agree even if the other family is lost; a point's record says which
// vectors record belongs to it. RocksDB's log is on and not synced: what a power loss takes is the newest writes.

import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { open as openFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, TributaryError } from '@tributary/runtime';
import { type ColumnHandle, type RocksBatch, type RocksIterator, RocksLevel } from 'rocksdb';
import { brokenFolder, isNoSuchFile, openingError, storeError } from './database-error.ts';

export type Column = 'points' | 'vectors';

/**
 * RocksDB insists on a family of this name. It is that of the points: a third family, empty, would be a third of what
 * it costs to open a store.
 */
const POINTS = 'default';

export interface DatabaseOptions {
  /**
   * Bytes written to memory before a file of vectors is made; points take half. Up to three times as much is in use.
   */
  readonly writeBufferBytes: number;
  /** Bytes of block cache for points; vectors take an eighth, as the index answers for them. */
  readonly blockCacheBytes: number;
}

export interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The file that says which manifest, the list of a database's files, is the newest. */
const NAME_OF_MANIFEST = 'CURRENT';
/** RocksDB says of the family of points alone whether it is to be compacted; that of vectors is at so many tables. */
const VECTORS_COMPACTED_AT = 4;
const LEVELS = 7;
const BACKGROUND_WORK = [
  'rocksdb.num-running-flushes',
  'rocksdb.num-running-compactions',
  'rocksdb.mem-table-flush-pending',
  'rocksdb.compaction-pending',
] as const;
const LOG_RELEASED_BYTES_MAX = 1 << 20;
const ROWS_PER_READ = 256;
const BYTES_PER_READ = 1 << 20;
/** A batch object keeps the memory of its largest write; beyond this it is thrown away. */
const BATCH_BYTES_KEPT = 4 << 20;

export class RocksDatabase {
  readonly #name: string;
  readonly #folder: string;
  readonly #level: RocksLevel;
  readonly #columns: Readonly<Record<Column, { column: ColumnHandle }>>;
  #batch: RocksBatch;
  #batchBytes = 0;
  #closed = false;
  #releasedLog: string | undefined;
  #isManifestReleased = false;

  /** Whether the folder holds a database. Throws `corrupt` where it holds what is left of one. */
  static async isIn(name: string, folder: string): Promise<boolean> {
    const files = await readdir(folder);
    if (files.includes(NAME_OF_MANIFEST)) return true;
    // Made before anything is written; without it RocksDB would take the folder for a new one.
    if (files.some((file) => /\.(log|sst)$/.test(file))) {
      throw new TributaryError('corrupt', brokenFolder(name, folder, `no ${NAME_OF_MANIFEST}`));
    }
    return false;
  }

  /**
   * Creates it where it is missing, also after a try that failed. Errors: `unavailable` where another process has it
   * open, `corrupt` where it cannot be read.
   */
  static async open(
    name: string,
    folder: string,
    options: DatabaseOptions,
  ): Promise<RocksDatabase> {
    const level = new RocksLevel(folder);
    try {
      await level.open(levelOptions(options));
    } catch (error) {
      throw openingError(name, folder, error);
    }
    return new RocksDatabase(name, folder, level);
  }

  private constructor(name: string, folder: string, level: RocksLevel) {
    const { [POINTS]: points, vectors } = level.columns;
    assert(points !== undefined && vectors !== undefined, 'an open database has its columns');
    this.#name = name;
    this.#folder = folder;
    this.#level = level;
    this.#columns = { points: { column: points }, vectors: { column: vectors } };
    this.#batch = level._chainedBatch();
  }

  /** Values in the order of `keys`. */
  getMany(column: Column, keys: readonly Uint8Array[]): (Buffer | undefined)[] {
    this.#assertOpen();
    if (keys.length === 0) return [];
    return this.#guard(() => this.#level._getManySync(keys, this.#columns[column])).map((value) => {
      assert(value !== null, 'a read has neither a deadline nor a byte limit');
      return value;
    });
  }

  /** Adds to the next write. Key and value are copied. */
  put(column: Column, key: Uint8Array, value: Uint8Array): void {
    this.#assertOpen();
    this.#batchBytes += key.length + value.length;
    this.#batch._put(key, value, this.#columns[column]);
  }

  delete(column: Column, key: Uint8Array): void {
    this.#assertOpen();
    this.#batch._del(key, this.#columns[column]);
  }

  /** Writes what was added, atomically. With `sync`, this and everything before survives a power loss. */
  write(options: { readonly sync: boolean }): void {
    this.#assertOpen();
    try {
      this.#guard(() => this.#batch._writeSync(options));
    } finally {
      this.discard();
    }
  }

  /** Forgets what was added since the last write. */
  discard(): void {
    if (this.#batchBytes <= BATCH_BYTES_KEPT) {
      this.#batch._clear();
    } else {
      void this.#batch.close();
      this.#batch = this.#level._chainedBatch();
    }
    this.#batchBytes = 0;
  }

  /** Rows with `from` ≤ key < `to`, as they are at this call. Close it, or read it to the end. */
  cursor(column: Column, from: Uint8Array, to: Uint8Array): RocksCursor {
    this.#assertOpen();
    const iterator = this.#guard(() =>
      this.#level._iterator({
        ...this.#columns[column],
        gte: from,
        lt: to,
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
        highWaterMarkBytes: BYTES_PER_READ,
      }),
    );
    return new RocksCursor(iterator, (read) => {
      this.#assertOpen();
      return this.#guard(read);
    });
  }

  /** Hands the log's pages to the disk without holding up this thread, so that the synced write after it is short. */
  async startSync(): Promise<void> {
    this.#assertOpen();
    const logs = (await readdir(this.#folder)).filter((file) => file.endsWith('.log'));
    for (const log of logs) {
      try {
        await using file = await openFile(join(this.#folder, log));
        await file.datasync();
      } catch (error) {
        // RocksDB removes a log once its writes are in files.
        if (!isNoSuchFile(error)) throw storeError(this.#name, error);
      }
    }
  }

  /**
   * Gives back what RocksDB preallocates and a small database does not need, for which the binding has no options: 4 MB
   * of its manifest and 4.4 MB of its log. Both files are cut at their ends, so no one may write to them meanwhile. To
   * the log only writes of this thread do. To the manifest RocksDB's own threads do when they have flushed or compacted
   * something: then it is left, to be tried again.
   */
  releasePreallocated(): void {
    this.#assertOpen();
    const files = readdirSync(this.#folder);
    const [log, older] = files.filter((file) => file.endsWith('.log'));
    // An older log is there while memory is being flushed.
    if (log === undefined || older !== undefined) return;
    const logBytes = this.#sizeOf(log);
    // It is preallocated with the first write to it.
    if (this.#releasedLog !== log && logBytes > 0 && logBytes < LOG_RELEASED_BYTES_MAX) {
      this.#cutAtEnd(log);
      this.#releasedLog = log;
    }
    if (this.#isManifestReleased || this.#isCompacting(files)) return;
    this.#cutAtEnd(readFileSync(join(this.#folder, NAME_OF_MANIFEST), 'utf8').trim());
    this.#isManifestReleased = true;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#level.close();
    } catch (error) {
      throw storeError(this.#name, error);
    }
  }

  /** Or about to. */
  #isCompacting(files: readonly string[]): boolean {
    const read = (property: string) => Number(this.#level.getProperty(property));
    if (BACKGROUND_WORK.some((property) => read(property) !== 0)) return true;
    const tables = files.filter((file) => file.endsWith('.sst')).length;
    let ofPoints = 0;
    for (let level = 0; level < LEVELS; level++) {
      ofPoints += read(`rocksdb.num-files-at-level${level}`);
    }
    return tables - ofPoints >= VECTORS_COMPACTED_AT;
  }

  #sizeOf(file: string): number {
    return statSync(join(this.#folder, file)).size;
  }

  /** Lets go of the blocks after the end of the file. */
  #cutAtEnd(file: string): void {
    truncateSync(join(this.#folder, file), this.#sizeOf(file));
  }

  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw storeError(this.#name, error);
    }
  }

  // A native call on a closed database would end the process.
  #assertOpen(): void {
    assert(!this.#closed, `the store ${this.#name} is open`);
  }
}

/** Walks rows in key order over one state of the database. */
export class RocksCursor {
  readonly #iterator: RocksIterator;
  readonly #guarded: (read: () => RowsRead) => RowsRead;
  #rows: readonly Buffer[] = [];
  #at = 0;
  #finished = false;

  constructor(iterator: RocksIterator, guarded: (read: () => RowsRead) => RowsRead) {
    this.#iterator = iterator;
    this.#guarded = guarded;
  }

  next(): Row | undefined {
    if (this.#at === this.#rows.length) {
      if (this.#finished) return undefined;
      const read = this.#guarded(() => this.#iterator._nextvSync(ROWS_PER_READ));
      this.#rows = read.rows;
      this.#finished = read.finished;
      this.#at = 0;
    }
    const key = this.#rows[this.#at];
    const value = this.#rows[this.#at + 1];
    if (key === undefined || value === undefined) return undefined;
    this.#at += 2;
    return { key, value };
  }

  close(): void {
    this.#rows = [];
    this.#at = 0;
    this.#finished = true;
    void this.#iterator.close();
  }
}

type RowsRead = ReturnType<RocksIterator['_nextvSync']>;

function levelOptions(options: DatabaseOptions) {
  const { writeBufferBytes, blockCacheBytes } = options;
  return {
    createIfMissing: true,
    // Compressing the log costs more processor time than the bytes it spares.
    walCompression: false,
    cacheSize: 0,
    parallelism: 1,
    columns: {
      [POINTS]: {
        compaction: 'level' as const,
        memtableMemoryBudget: 2 * writeBufferBytes,
        cacheSize: blockCacheBytes,
      },
      // Universal compaction rewrites least, and floats do not compress.
      vectors: {
        compaction: 'universal' as const,
        compression: false,
        memtableMemoryBudget: 4 * writeBufferBytes,
        cacheSize: blockCacheBytes >>> 3,
      },
    },
  };
}
