// The rows of a sparse index: which offset each has, its vector, and the lists of rows by index.
// 16 bytes a value, half of them in the lists, in addition to 12 bytes a row and some 200 an index.
//
// 100,000 vectors of 115 values over 30,000 terms: 20–39 µs an add, 1.0 ms a query of 40 terms; the
// sweep after 25,000 removals stops the thread for 60–150 ms.

import type { PointOffset, SparseVector } from '@tributary/model';
import { grownToHold } from '../growable.ts';
import { hasOffset } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';

export const NO_ROW = 0xffff_ffff;

/** Dead rows are swept when there are this many and they are this share of all. */
const SWEPT_ROWS_MIN = 256;
const SWEPT_SHARE = 0.25;
const LIST_LENGTH_MIN = 4;
/** A row and a value. */
const ENTRY_BYTES = 8;
/** Objects behind a list, in addition to its entries. */
const LIST_BYTES = 200;

/** Entries before `length` count; rows ascend. */
export interface PostingList {
  rows: Uint32Array;
  values: Float32Array;
  length: number;
  /** Entries of rows that are not dead. */
  live: number;
}

export class SparseRows {
  readonly #lists = new Map<number, PostingList>();
  #rowOf: Uint32Array = new Uint32Array(0);
  #offsetOf: Uint32Array = new Uint32Array(0);
  /** Where the vector of a row starts; that of the row after the last, where the next one will. */
  #startOf: Uint32Array = new Uint32Array(1);
  #indices: Uint32Array = new Uint32Array(0);
  #values: Float32Array = new Float32Array(0);
  #end = 0;
  #count = 0;
  /** Entries that all lists have room for; counted, as it is asked for with every commit. */
  #listEntries = 0;

  /** Live rows. */
  get count(): number {
    return this.#count;
  }

  /** On average. */
  get valuesPerRow(): number {
    return (this.#startOf[this.#end] ?? 0) / Math.max(1, this.#end);
  }

  /** One above the highest row. */
  get end(): number {
    return this.#end;
  }

  get memoryBytes(): number {
    let bytes = this.#rowOf.byteLength + this.#offsetOf.byteLength + this.#startOf.byteLength;
    bytes += this.#indices.byteLength + this.#values.byteLength;
    return bytes + LIST_BYTES * this.#lists.size + ENTRY_BYTES * this.#listEntries;
  }

  /** The live row of an offset, or NO_ROW. */
  rowOf(offset: PointOffset): number {
    return this.#rowOf[offset] ?? NO_ROW;
  }

  /** The offset of a row, or NO_ROW for a dead one. */
  offsetOf(row: number): number {
    return this.#offsetOf[row] ?? NO_ROW;
  }

  listOf(index: number): PostingList | undefined {
    return this.#lists.get(index);
  }

  /** How many live rows, of the set where one is given, have the index. */
  frequency(index: number, accept?: OffsetSet): number {
    const list = this.#lists.get(index);
    if (list === undefined) return 0;
    if (accept === undefined) return list.live;
    let count = 0;
    for (let i = 0; i < list.length; i++) {
      const offset = this.offsetOf(list.rows[i] ?? NO_ROW);
      if (offset !== NO_ROW && hasOffset(accept, offset)) count++;
    }
    return count;
  }

  /** As the lists add it up: in the order of the indices, each sum a float32. */
  similarity(row: number, vector: SparseVector): number | undefined {
    const { indices, values } = vector;
    let sum: number | undefined;
    let at = this.#startOf[row] ?? 0;
    const end = this.#startOf[row + 1] ?? 0;
    for (let i = 0; i < indices.length && at < end; ) {
      const given = indices[i] ?? 0;
      const own = this.#indices[at] ?? 0;
      if (given === own) {
        sum = Math.fround((sum ?? 0) + (values[i] ?? 0) * (this.#values[at] ?? 0));
      }
      if (given <= own) i++;
      if (own <= given) at++;
    }
    return sum;
  }

  append(offset: PointOffset, vector: SparseVector): void {
    const row = this.#end;
    const { indices, values } = vector;
    const start = this.#startOf[row] ?? 0;
    this.#offsetOf = grownToHold(this.#offsetOf, row, NO_ROW);
    this.#rowOf = grownToHold(this.#rowOf, offset, NO_ROW);
    this.#startOf = grownToHold(this.#startOf, row + 1, 0);
    this.#reserve(start + indices.length);
    this.#indices.set(indices, start);
    this.#values.set(values, start);
    this.#startOf[row + 1] = start + indices.length;
    this.#offsetOf[row] = offset;
    this.#rowOf[offset] = row;
    this.#end++;
    this.#count++;
    for (let i = 0; i < indices.length; i++) this.#post(indices[i] ?? 0, row, values[i] ?? 0);
  }

  remove(offset: PointOffset): void {
    const row = this.rowOf(offset);
    if (row === NO_ROW) return;
    this.#rowOf[offset] = NO_ROW;
    this.#offsetOf[row] = NO_ROW;
    this.#count--;
    const end = this.#startOf[row + 1] ?? 0;
    for (let at = this.#startOf[row] ?? 0; at < end; at++) {
      const list = this.#lists.get(this.#indices[at] ?? 0);
      if (list !== undefined) list.live--;
    }
    const dead = this.#end - this.#count;
    if (dead >= SWEPT_ROWS_MIN && dead >= SWEPT_SHARE * this.#end) this.#sweep();
    else if (this.#count === 0) this.#sweep();
  }

  /** A copy. */
  get(offset: PointOffset): SparseVector | undefined {
    const row = this.rowOf(offset);
    if (row === NO_ROW) return undefined;
    const start = this.#startOf[row] ?? 0;
    const end = this.#startOf[row + 1] ?? 0;
    return { indices: this.#indices.slice(start, end), values: this.#values.slice(start, end) };
  }

  #post(index: number, row: number, value: number): void {
    let list = this.#lists.get(index);
    if (list === undefined) {
      list = {
        rows: new Uint32Array(LIST_LENGTH_MIN),
        values: new Float32Array(LIST_LENGTH_MIN),
        length: 0,
        live: 0,
      };
      this.#lists.set(index, list);
      this.#listEntries += LIST_LENGTH_MIN;
    }
    if (list.length === list.rows.length) {
      this.#listEntries -= list.length;
      resizeList(list, Math.ceil(list.length * 1.5));
      this.#listEntries += list.rows.length;
    }
    list.rows[list.length] = row;
    list.values[list.length] = value;
    list.length++;
    list.live++;
  }

  #reserve(length: number): void {
    if (length <= this.#indices.length) return;
    const indices = new Uint32Array(Math.ceil(length * 1.5));
    indices.set(this.#indices);
    this.#indices = indices;
    const values = new Float32Array(indices.length);
    values.set(this.#values);
    this.#values = values;
  }

  // Live rows keep their order, so the lists ascend afterwards too.
  #sweep(): void {
    const renumbered = new Uint32Array(this.#end).fill(NO_ROW);
    let next = 0;
    let at = 0;
    for (let row = 0; row < this.#end; row++) {
      const offset = this.offsetOf(row);
      if (offset === NO_ROW) continue;
      const start = this.#startOf[row] ?? 0;
      const end = this.#startOf[row + 1] ?? 0;
      this.#indices.copyWithin(at, start, end);
      this.#values.copyWithin(at, start, end);
      renumbered[row] = next;
      this.#rowOf[offset] = next;
      this.#offsetOf[next] = offset;
      this.#startOf[next] = at;
      at += end - start;
      next++;
    }
    this.#startOf[next] = at;
    this.#offsetOf.fill(NO_ROW, next, this.#end);
    this.#end = next;
    this.#listEntries = 0;
    for (const [index, list] of this.#lists) {
      sweepList(list, renumbered);
      if (list.length === 0) this.#lists.delete(index);
      else this.#listEntries += list.rows.length;
    }
    this.#shrink(next, at);
  }

  #shrink(rows: number, values: number): void {
    if (this.#indices.length > 2 * values) {
      this.#indices = this.#indices.slice(0, values);
      this.#values = this.#values.slice(0, values);
    }
    if (this.#offsetOf.length > 2 * rows + 64) {
      this.#offsetOf = this.#offsetOf.slice(0, rows);
      this.#startOf = this.#startOf.slice(0, rows + 1);
    }
  }
}

function sweepList(list: PostingList, renumbered: Uint32Array): void {
  let kept = 0;
  for (let i = 0; i < list.length; i++) {
    const row = renumbered[list.rows[i] ?? 0] ?? NO_ROW;
    if (row === NO_ROW) continue;
    list.rows[kept] = row;
    list.values[kept] = list.values[i] ?? 0;
    kept++;
  }
  list.length = kept;
  if (list.rows.length > Math.max(LIST_LENGTH_MIN, 2 * kept)) resizeList(list, kept);
}

function resizeList(list: PostingList, length: number): void {
  const rows = new Uint32Array(Math.max(LIST_LENGTH_MIN, length));
  rows.set(list.rows.subarray(0, list.length));
  const values = new Float32Array(rows.length);
  values.set(list.values.subarray(0, list.length));
  list.rows = rows;
  list.values = values;
}
