// The vectors of one index as rows of float32, of half floats or of bytes in shared memory, so that a
// builder thread reads them without a copy.
//
//   rows   0 ........ sealedCount ........ rowCount
//          │ sealed: in a segment │ tail: scanned │
//
// A row belongs to one offset or is a hole. Removing a vector moves the last row of its part into
// its place, so both parts stay dense and memory is bounded by the most vectors ever held at once.
// While anyone holds the rows (`hold`), nothing moves and no row is used again: holes stay until
// the last hold is released.
//
// Rows lie in blocks, each a WebAssembly memory of its own, because one memory ends at 4 GiB.

import {
  bytesPerValue,
  type Distance,
  type PointOffset,
  type StoredDatatype,
  VECTOR_SIZE_MAX,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { grownToHold } from '../growable.ts';
import type { RowCodes } from './row-codes.ts';
import { floatsOf, type RowValues, valuesOf } from './row-values.ts';
import { ScanKernel, workAreaBytes } from './scan-kernel.ts';

/** No row, no offset; the number below it is not an offset either (see hnsw-segment.ts). */
export const NONE = 0xffff_ffff;

const ROW_ALIGNMENT_BYTES = 16;
const PAGE_BYTES = 65_536;
const BLOCK_BYTES_MAX = 2 ** 30;
const GROWTH_MIN_PAGES = 16;

/**
 * How a thread finds row `r`: block `r >>> rowsPerBlockLog2`, then `firstRowBytes + (r & mask) *
 * rowBytes`.
 */
export interface RowLayout {
  readonly size: number;
  /** Of the values; absent for float32. */
  readonly datatype?: StoredDatatype;
  readonly rowBytes: number;
  readonly rowsPerBlockLog2: number;
  readonly firstRowBytes: number;
}

interface Block {
  readonly memory: WebAssembly.Memory;
  readonly kernel: ScanKernel;
  /** All rows the memory has room for now; replaced when it grows. */
  values: RowValues;
}

export interface FlatVectorsOptions {
  readonly size: number;
  readonly distance: Distance;
  /** What values are kept as; they are of it already. Absent for float32. */
  readonly datatype?: StoredDatatype;
  /** Bytes of a block's rows; at most 1 GiB, the default. */
  readonly blockBytesMax?: number;
  /** Keeps the codes of the rows up to date. */
  readonly codes?: RowCodes;
}

export class FlatVectors {
  readonly layout: RowLayout;
  readonly codes: RowCodes | undefined;
  readonly #distance: Distance;
  readonly #valueBytes: number;
  readonly #rowMask: number;
  readonly #blocks: Block[] = [];
  readonly #holes: number[] = [];
  #rowOf: Uint32Array = new Uint32Array(0);
  #offsetOf: Uint32Array = new Uint32Array(0);
  #rowCount = 0;
  #sealedCount = 0;
  #sealedHoles = 0;
  #holds = 0;

  constructor(options: FlatVectorsOptions) {
    const { size, datatype } = options;
    assert(Number.isInteger(size) && size >= 1 && size <= VECTOR_SIZE_MAX, 'a size in 1 .. 65,536');
    const valueBytes = bytesPerValue(datatype);
    const rowBytes = Math.ceil((size * valueBytes) / ROW_ALIGNMENT_BYTES) * ROW_ALIGNMENT_BYTES;
    const rows = (options.blockBytesMax ?? BLOCK_BYTES_MAX) / rowBytes;
    const rowsPerBlockLog2 = Math.max(0, Math.floor(Math.log2(rows)));
    this.#valueBytes = valueBytes;
    this.layout = {
      ...{ size, rowBytes, rowsPerBlockLog2 },
      firstRowBytes: workAreaBytes(rowBytes, datatype),
      ...(datatype && { datatype }),
    };
    this.#rowMask = 2 ** rowsPerBlockLog2 - 1;
    this.#distance = options.distance;
    this.codes = options.codes;
  }

  /** Vectors held. */
  get count(): number {
    return this.#rowCount - this.#holes.length;
  }

  get sealedVectors(): number {
    return this.#sealedCount - this.#sealedHoles;
  }

  get tailVectors(): number {
    return this.count - this.sealedVectors;
  }

  /** Rows in use, holes included. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** Rows before this one are in a segment. */
  get sealedCount(): number {
    return this.#sealedCount;
  }

  get memoryBytes(): number {
    let tables = this.#rowOf.byteLength + this.#offsetOf.byteLength;
    tables += this.codes?.memoryBytes ?? 0;
    return this.#blocks.reduce((sum, block) => sum + block.memory.buffer.byteLength, tables);
  }

  /** The memories of the blocks, in order; more blocks may follow, and memories grow in place. */
  buffers(): SharedArrayBuffer[] {
    return this.#blocks.map(({ memory }) => memory.buffer);
  }

  kernels(): readonly ScanKernel[] {
    return this.#blocks.map((block) => block.kernel);
  }

  /** The row of an offset, or NONE. */
  rowOf(offset: number): number {
    return this.#rowOf[offset] ?? NONE;
  }

  /** The offset of a row, or NONE for a hole. */
  offsetOf(row: number): PointOffset {
    return (this.#offsetOf[row] ?? NONE) as PointOffset;
  }

  /** Copies `vector`, which has `size` finite values, into a new row of the tail. */
  append(offset: PointOffset, vector: Float32Array): number {
    if (offset >= NONE - 1) throw new TributaryError('insufficient_storage', 'no offset is left');
    assert(this.rowOf(offset) === NONE, `offset ${offset} is added once`);
    assert(vector.length === this.layout.size, 'a vector has the size of its index');
    const row = this.#rowCount;
    this.#reserve(row);
    this.#rowValues(row).set(vector);
    this.#rowOf = grownToHold(this.#rowOf, offset, NONE);
    this.#offsetOf = grownToHold(this.#offsetOf, row, NONE);
    this.#rowOf[offset] = row;
    this.#offsetOf[row] = offset;
    this.#rowCount = row + 1;
    this.codes?.append(row, (each) => this.vectorAt(each));
    return row;
  }

  /** Returns whether the offset had a vector. */
  remove(offset: PointOffset): boolean {
    const row = this.rowOf(offset);
    if (row === NONE) return false;
    this.#rowOf[offset] = NONE;
    this.#offsetOf[row] = NONE;
    this.#holes.push(row);
    if (row < this.#sealedCount) this.#sealedHoles++;
    if (this.#holds === 0) this.#fillHoles();
    return true;
  }

  /** The row's values as floats, maybe a view that is valid until the next change. */
  vectorAt(row: number): Float32Array {
    return floatsOf(this.valuesAt(row));
  }

  /** A view of the row's `size` values, valid until the next change. */
  valuesAt(row: number): RowValues {
    return this.#rowValues(row).subarray(0, this.layout.size);
  }

  /** Keeps every row where it is until the returned function is called. */
  hold(): () => void {
    this.#holds++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#holds--;
      if (this.#holds === 0) this.#fillHoles();
    };
  }

  /** Makes the rows before `end` the sealed part. */
  sealUpTo(end: number): void {
    assert(
      end >= this.#sealedCount && end <= this.#rowCount,
      'the sealed part grows into the tail',
    );
    for (const hole of this.#holes) {
      if (hole >= this.#sealedCount && hole < end) this.#sealedHoles++;
    }
    this.#sealedCount = end;
  }

  /** Moves one row of the tail into the sealed part. */
  sealRow(row: number): void {
    assert(this.#holds === 0, 'rows move only while no one holds them');
    assert(row >= this.#sealedCount && row < this.#rowCount, 'the row is in the tail');
    this.#swap(row, this.#sealedCount);
    this.#sealedCount++;
  }

  /** Moves one sealed row back into the tail. */
  unsealRow(row: number): void {
    assert(this.#holds === 0, 'rows move only while no one holds them');
    assert(row < this.#sealedCount, 'the row is sealed');
    this.#sealedCount--;
    this.#swap(row, this.#sealedCount);
  }

  // From the last hole to the first: then the rows that move into holes are never holes themselves.
  #fillHoles(): void {
    const holes = this.#holes.sort((a, b) => b - a);
    for (const hole of holes) {
      let vacant = hole;
      if (hole < this.#sealedCount) {
        vacant = --this.#sealedCount;
        this.#move(vacant, hole);
      }
      this.#rowCount--;
      this.#move(this.#rowCount, vacant);
    }
    holes.length = 0;
    this.#sealedHoles = 0;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.codes?.move(from, to);
    this.#moveRow(from, to);
  }

  #moveRow(from: number, to: number): void {
    this.#rowValues(to).set(this.#rowValues(from));
    const offset = this.offsetOf(from);
    this.#offsetOf[to] = offset;
    this.#offsetOf[from] = NONE;
    this.#rowOf[offset] = to;
  }

  #swap(a: number, b: number): void {
    if (a === b) return;
    const valuesOfA = this.#rowValues(a).slice();
    const offsetOfA = this.offsetOf(a);
    this.codes?.swap(a, b);
    this.#moveRow(b, a);
    this.#rowValues(b).set(valuesOfA);
    this.#offsetOf[b] = offsetOfA;
    this.#rowOf[offsetOfA] = b;
  }

  #rowValues(row: number): RowValues {
    const { rowBytes, rowsPerBlockLog2, firstRowBytes } = this.layout;
    const block = this.#blocks[row >>> rowsPerBlockLog2];
    assert(block !== undefined, 'the row is in a block');
    const at = (firstRowBytes + (row & this.#rowMask) * rowBytes) / this.#valueBytes;
    return block.values.subarray(at, at + rowBytes / this.#valueBytes);
  }

  #reserve(row: number): void {
    const { rowBytes, rowsPerBlockLog2, firstRowBytes } = this.layout;
    const number = row >>> rowsPerBlockLog2;
    if (number === this.#blocks.length) this.#blocks.push(this.#makeBlock());
    const block = this.#blocks[number];
    assert(block !== undefined, 'blocks are made in order');
    const bytes = firstRowBytes + ((row & this.#rowMask) + 1) * rowBytes;
    if (bytes <= block.values.byteLength) return;
    const pages = block.memory.buffer.byteLength / PAGE_BYTES;
    const neededPages = Math.ceil(bytes / PAGE_BYTES);
    const wantedPages = Math.max(neededPages, pages + GROWTH_MIN_PAGES, Math.ceil(pages * 1.25));
    growMemory(block.memory, Math.min(wantedPages, this.#blockPagesMax()) - pages);
    block.values = valuesOf(block.memory.buffer, this.layout.datatype);
  }

  #makeBlock(): Block {
    const { rowBytes, firstRowBytes, datatype } = this.layout;
    const initial = Math.ceil((firstRowBytes + rowBytes) / PAGE_BYTES);
    const memory = new WebAssembly.Memory({
      initial,
      maximum: this.#blockPagesMax(),
      shared: true,
    });
    const kernel = new ScanKernel({ memory, distance: this.#distance, rowBytes, datatype });
    return { memory, kernel, values: valuesOf(memory.buffer, datatype) };
  }

  #blockPagesMax(): number {
    const { rowBytes, rowsPerBlockLog2, firstRowBytes } = this.layout;
    return Math.ceil((firstRowBytes + rowBytes * 2 ** rowsPerBlockLog2) / PAGE_BYTES);
  }
}

function growMemory(memory: WebAssembly.Memory, pages: number): void {
  try {
    memory.grow(pages);
  } catch (cause) {
    throw new TributaryError('insufficient_storage', 'no memory is left for vectors', { cause });
  }
}
