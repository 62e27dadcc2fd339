// Short codes of the rows of flat memory, row for row: a scan of them reads a quarter (one byte a
// dimension) or a thirty-second (one bit) of what a scan of the vectors reads. Their order only
// chooses candidates; scores come from the vectors.
//
//   uncalibrated ──1,024 rows──► calibrated ──16,384 rows──► calibrated again, for good
//
// A byte is the place of a value between two quantiles of the values met so far, so the same scale
// holds for all dimensions and the order by codes needs no constants. A bit is a value's sign.

import { type Distance, isJsonObject, type JsonValue } from '@tributary/model';
import { assert } from '@tributary/runtime';
import { ROWS_PER_CALL, type ScoreRows, type SelectScores, scanInstance } from './scan-kernel.ts';

export type Quantization =
  /** `quantile`: share of values between the ends of the scale, 0.5 .. 1. */
  { readonly kind: 'scalar'; readonly quantile: number } | { readonly kind: 'binary' };

/** Sums of products and squares of codes stay below 2^31 up to here. */
export const CODED_SIZE_MAX = 4_096;

const CALIBRATED_AT_ROWS = [1_024, 16_384];
/** Sorting so many takes some 10 ms. */
const SAMPLED_VALUES = 131_072;
const SAMPLED_ROWS = 1_024;
const CODE_MAX = 127;
/** A query may lie beyond the scale of the rows; four times as far is far enough. */
const DIFFERENCE_CODE_MAX = 4 * CODE_MAX;
const PRODUCT_CODE_MAX = 2_047;
const PAGE_BYTES = 65_536;
const PAGES_MAX = 65_536;
const LIST_BYTES = 4 * ROWS_PER_CALL;

/**
 * Below so many dimensions bits lose the nearest (recall@10 0.71 at 128 dimensions, eight
 * candidates a hit), so there binary means bytes.
 */
const BINARY_SIZE_MIN = 512;

/**
 * What a collection's or vector's `quantization_config` asks for; undefined for what is accepted
 * and has no effect (product, turbo).
 */
export function quantizationOf(config: JsonValue | undefined): Quantization | undefined {
  if (!isJsonObject(config)) return undefined;
  if ('binary' in config) return { kind: 'binary' };
  const { scalar } = config;
  if (!isJsonObject(scalar)) return undefined;
  const { quantile } = scalar;
  const isShare = typeof quantile === 'number' && quantile >= 0.5 && quantile <= 1;
  return { kind: 'scalar', quantile: isShare ? quantile : 1 };
}

export interface RowCodesOptions {
  /** At most `CODED_SIZE_MAX`. */
  readonly size: number;
  readonly distance: Distance;
  readonly quantization: Quantization;
}

export class RowCodes {
  readonly positions: Uint32Array;
  readonly scores: Float32Array;
  readonly #options: RowCodesOptions;
  readonly #rowBytes: number;
  readonly #rowsAt: number;
  readonly #listAt: number;
  readonly #memory: WebAssembly.Memory;
  readonly #score: ScoreRows;
  readonly #select: SelectScores;
  readonly #query16: Int16Array;
  readonly #queryBits: Uint8Array;
  readonly #list: Uint32Array;
  #bytes: Int8Array;
  #calibrations = 0;
  #centre = 0;
  #step = 1;

  constructor(options: RowCodesOptions) {
    const { size, distance } = options;
    assert(size <= CODED_SIZE_MAX, 'sums of codes fit');
    const isTooShort = options.quantization.kind === 'binary' && size < BINARY_SIZE_MIN;
    const quantization: Quantization = isTooShort
      ? { kind: 'scalar', quantile: 1 }
      : options.quantization;
    this.#options = { size, distance, quantization };
    const bytes = quantization.kind === 'scalar' ? size : Math.ceil(size / 8);
    this.#rowBytes = Math.ceil(bytes / 16) * 16;
    this.#listAt = 2 * this.#rowBytes;
    this.#rowsAt = this.#listAt + 3 * LIST_BYTES;
    const initial = Math.ceil(this.#rowsAt / PAGE_BYTES);
    this.#memory = new WebAssembly.Memory({ initial, maximum: PAGES_MAX, shared: true });
    const { buffer } = this.#memory;
    const exports = scanInstance(this.#memory);
    this.#score = exports[kernelName(distance, quantization)] as ScoreRows;
    this.#select = exports.select as SelectScores;
    this.#query16 = new Int16Array(buffer, 0, this.#rowBytes);
    this.#queryBits = new Uint8Array(buffer, 0, this.#rowBytes);
    this.#list = new Uint32Array(buffer, this.#listAt, ROWS_PER_CALL);
    this.scores = new Float32Array(buffer, this.#listAt + LIST_BYTES, ROWS_PER_CALL);
    this.positions = new Uint32Array(buffer, this.#listAt + 2 * LIST_BYTES, ROWS_PER_CALL);
    this.#bytes = new Int8Array(buffer);
  }

  get kind(): Quantization['kind'] {
    return this.#options.quantization.kind;
  }

  /** Whether every row has its code. */
  get isReady(): boolean {
    return this.#calibrations > 0;
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Called for each row appended, when all before it have been. */
  append(row: number, vectorAt: (row: number) => Float32Array): void {
    const due = CALIBRATED_AT_ROWS[this.#calibrations];
    if (due !== undefined && row + 1 >= due) this.#calibrate(row + 1, vectorAt);
    else if (this.isReady) this.#encode(row, vectorAt(row));
  }

  move(from: number, to: number): void {
    if (this.isReady) this.#row(to).set(this.#row(from));
  }

  swap(a: number, b: number): void {
    if (!this.isReady) return;
    const codesOfA = this.#row(a).slice();
    this.move(b, a);
    this.#row(b).set(codesOfA);
  }

  setQuery(query: Float32Array): void {
    const { distance, quantization } = this.#options;
    if (quantization.kind === 'binary') {
      this.#queryBits.fill(0);
      encodeBits(query, this.#queryBits);
      return;
    }
    const codes = this.#query16.fill(0);
    if (distance === 'Cosine' || distance === 'Dot') {
      let largest = 0;
      for (const value of query) largest = Math.max(largest, Math.abs(value));
      const step = largest / PRODUCT_CODE_MAX || 1;
      for (let i = 0; i < query.length; i++) codes[i] = Math.round((query[i] ?? 0) / step);
      return;
    }
    for (let i = 0; i < query.length; i++) {
      const code = Math.round(((query[i] ?? 0) - this.#centre) / this.#step);
      codes[i] = Math.min(DIFFERENCE_CODE_MAX, Math.max(-DIFFERENCE_CODE_MAX, code));
    }
  }

  /**
   * Scores the rows `firstRow + list[i]`; returns how many `positions` have a score of at least
   * `threshold`. Positions beyond `count` may be among them.
   */
  score(list: Uint32Array, firstRow: number, count: number, threshold: number): number {
    for (let i = 0; i < count; i++) this.#list[i] = firstRow + (list[i] ?? 0);
    const scoresAt = this.#listAt + LIST_BYTES;
    this.#score(0, this.#listAt, count, this.#rowsAt, this.#rowBytes, scoresAt);
    return this.#select(scoresAt, count, threshold, scoresAt + LIST_BYTES);
  }

  #calibrate(rows: number, vectorAt: (row: number) => Float32Array): void {
    this.#calibrations++;
    const { quantization } = this.#options;
    if (quantization.kind === 'scalar') this.#setScale(quantization.quantile, rows, vectorAt);
    for (let row = 0; row < rows; row++) this.#encode(row, vectorAt(row));
  }

  #setScale(quantile: number, rows: number, vectorAt: (row: number) => Float32Array): void {
    const { size } = this.#options;
    const sampled = Math.min(rows, SAMPLED_ROWS);
    const perRow = Math.min(size, Math.floor(SAMPLED_VALUES / sampled));
    const values = new Float32Array(sampled * perRow);
    for (let i = 0; i < sampled; i++) {
      const vector = vectorAt(Math.floor((i * rows) / sampled));
      // Another stretch of the dimensions in each row, so that all of them are sampled.
      for (let d = 0; d < perRow; d++) {
        values[i * perRow + d] = vector[(i * perRow + d) % size] ?? 0;
      }
    }
    values.sort();
    const cut = Math.floor(((1 - quantile) / 2) * (values.length - 1));
    const low = values[cut] ?? 0;
    const high = values[values.length - 1 - cut] ?? 0;
    this.#centre = (low + high) / 2;
    this.#step = (high - low) / 2 / CODE_MAX || 1;
  }

  #encode(row: number, vector: Float32Array): void {
    this.#reserve(row);
    const codes = this.#row(row).fill(0);
    if (this.#options.quantization.kind === 'binary') {
      encodeBits(vector, codes);
      return;
    }
    const centre = this.#centre;
    const inverse = 1 / this.#step;
    for (let i = 0; i < vector.length; i++) {
      const code = Math.round(((vector[i] ?? 0) - centre) * inverse);
      codes[i] = code > CODE_MAX ? CODE_MAX : code < -CODE_MAX ? -CODE_MAX : code;
    }
  }

  #row(row: number): Int8Array {
    const at = this.#rowsAt + row * this.#rowBytes;
    return this.#bytes.subarray(at, at + this.#rowBytes);
  }

  #reserve(row: number): void {
    const bytes = this.#rowsAt + (row + 1) * this.#rowBytes;
    if (bytes <= this.#bytes.length) return;
    const pages = this.#bytes.length / PAGE_BYTES;
    const wanted = Math.max(Math.ceil(bytes / PAGE_BYTES), Math.ceil(pages * 1.25));
    this.#memory.grow(Math.min(wanted, PAGES_MAX) - pages);
    this.#bytes = new Int8Array(this.#memory.buffer);
  }
}

function kernelName(distance: Distance, { kind }: Quantization): string {
  if (kind === 'binary') return 'differingBits';
  switch (distance) {
    case 'Cosine':
    case 'Dot':
      return 'dotCodes';
    case 'Euclid':
      return 'euclidCodes';
    case 'Manhattan':
      return 'manhattanCodes';
  }
}

function encodeBits(vector: Float32Array, bytes: Uint8Array | Int8Array): void {
  for (let i = 0; i < vector.length; i++) {
    if ((vector[i] ?? 0) > 0) bytes[i >>> 3] = (bytes[i >>> 3] ?? 0) | (1 << (i & 7));
  }
}
