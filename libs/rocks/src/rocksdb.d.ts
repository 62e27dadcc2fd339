// The part of the binding that `database.ts` uses. Its synchronous calls are its own; the rest is abstract-level 1.

declare module 'rocksdb' {
  export interface ColumnOptions {
    compaction?: 'level' | 'universal';
    compression?: boolean;
    /** Bytes; a write buffer is a quarter of it, and at most six of them exist. */
    memtableMemoryBudget?: number;
    /** Bytes of block cache; 0 for none. */
    cacheSize?: number;
    blockSize?: number;
  }

  export interface OpenOptions extends ColumnOptions {
    createIfMissing?: boolean;
    walCompression?: boolean;
    parallelism?: number;
    columns?: Record<string, ColumnOptions>;
  }

  export type ColumnHandle = { readonly columnHandle: unique symbol };

  export interface IteratorOptions {
    column: ColumnHandle;
    gte: Uint8Array;
    lt: Uint8Array;
    keyEncoding: 'buffer';
    valueEncoding: 'buffer';
    highWaterMarkBytes?: number;
  }

  export interface RocksIterator {
    /** Keys and values in turn. */
    _nextvSync(size: number): { rows: Buffer[]; finished: boolean };
    close(): Promise<void>;
  }

  export interface RocksBatch {
    _put(key: Uint8Array, value: Uint8Array, options: { column: ColumnHandle }): void;
    _del(key: Uint8Array, options: { column: ColumnHandle }): void;
    _clear(): void;
    _writeSync(options: { sync: boolean }): void;
    close(): Promise<void>;
  }

  export class RocksLevel {
    constructor(location: string, options?: Record<string, never>);
    readonly columns: Readonly<Record<string, ColumnHandle>>;
    open(options: OpenOptions): Promise<void>;
    close(): Promise<void>;
    /** Of the default column family. */
    getProperty(property: string): string;
    _getManySync(
      keys: readonly Uint8Array[],
      options: { column: ColumnHandle },
    ): (Buffer | undefined | null)[];
    _iterator(options: IteratorOptions): RocksIterator;
    _chainedBatch(): RocksBatch;
  }
}
