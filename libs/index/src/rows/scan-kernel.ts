// The exact scan over one block of rows: a WebAssembly instance on the block's shared memory and
// the work area at the memory's start (query, list of rows, their scores, positions of the scores
// worth looking at).

import { readFileSync } from 'node:fs';
import type { Distance, StoredDatatype } from '@tributary/model';

/** Rows scored in one call: the work area stays in the first-level cache. */
export const ROWS_PER_CALL = 1024;

const WORD_BYTES = 4;
const LIST_BYTES = ROWS_PER_CALL * WORD_BYTES;
const AREA_ALIGNMENT = 64;

export type ScoreRows = (
  query: number,
  list: number,
  count: number,
  rows: number,
  rowBytes: number,
  scores: number,
) => void;
export type SelectScores = (
  scores: number,
  count: number,
  threshold: number,
  positions: number,
) => number;

const compiled = new Map<string, WebAssembly.Module>();

/** The functions of a kernel on a memory: those of `scan.wat`, or of rows that are no float32. */
export function scanInstance(
  memory: WebAssembly.Memory,
  name: 'scan' | 'scan-halves' | 'scan-bytes' = 'scan',
) {
  let module = compiled.get(name);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
    compiled.set(name, module);
  }
  return new WebAssembly.Instance(module, { block: { memory } }).exports;
}

/** Bytes before the first row of a block whose rows have `rowBytes` bytes. */
export function workAreaBytes(rowBytes: number, datatype?: StoredDatatype): number {
  const bytes = queryBytes(rowBytes, datatype) + 3 * LIST_BYTES;
  return Math.ceil(bytes / AREA_ALIGNMENT) * AREA_ALIGNMENT;
}

/** A query is of float32, or of 16-bit numbers against bytes. */
function queryBytes(rowBytes: number, datatype: StoredDatatype | undefined): number {
  return datatype === undefined ? rowBytes : 2 * rowBytes;
}

export interface ScanKernelOptions {
  readonly memory: WebAssembly.Memory;
  readonly distance: Distance;
  readonly rowBytes: number;
  /** Of the rows. */
  readonly datatype: StoredDatatype | undefined;
}

/** Larger scores are nearer: Euclid gives the negated square, Manhattan the negated sum. */
export class ScanKernel {
  /** Rows to score next, and after `score` their scores and the positions worth looking at. */
  readonly list: Uint32Array;
  readonly scores: Float32Array;
  readonly positions: Uint32Array;
  readonly #query: Float32Array | Int16Array;
  readonly #queryScale: number;
  readonly #score: ScoreRows;
  readonly #select: SelectScores;
  readonly #rowBytes: number;
  readonly #listAt: number;
  readonly #rowsAt: number;

  constructor({ memory, distance, rowBytes, datatype }: ScanKernelOptions) {
    const { buffer } = memory;
    const listAt = queryBytes(rowBytes, datatype);
    const scan = scanInstance(memory);
    const rows = datatype === undefined ? scan : scanInstance(memory, KERNEL_OF[datatype]);
    this.#score = rows[scoreName(distance, datatype)] as ScoreRows;
    this.#select = scan.select as SelectScores;
    this.#rowBytes = rowBytes;
    this.#listAt = listAt;
    this.#rowsAt = workAreaBytes(rowBytes, datatype);
    this.#query =
      datatype === 'uint8'
        ? new Int16Array(buffer, 0, rowBytes)
        : new Float32Array(buffer, 0, listAt / WORD_BYTES);
    const isDot = distance === 'Cosine' || distance === 'Dot';
    this.#queryScale = datatype === 'float16' && isDot ? HALF_DOT_SCALE : 1;
    this.list = new Uint32Array(buffer, listAt, ROWS_PER_CALL);
    this.scores = new Float32Array(buffer, listAt + LIST_BYTES, ROWS_PER_CALL);
    this.positions = new Uint32Array(buffer, listAt + 2 * LIST_BYTES, ROWS_PER_CALL);
  }

  /** Its values are those that the rows may have. */
  setQuery(query: Float32Array): void {
    const scale = this.#queryScale;
    this.#query.set(scale === 1 ? query : query.map((value) => value * scale));
  }

  /**
   * Scores the first `count` rows of `list`; returns how many `positions` have a score that reaches
   * `threshold`.
   */
  score(count: number, threshold: number): number {
    const list = this.#listAt;
    const scores = list + LIST_BYTES;
    // The kernel takes four rows a turn: repeat a valid row rather than read what an earlier call
    // left.
    const padding = this.list[0] ?? 0;
    for (let i = count; i % 4 !== 0; i++) this.list[i] = padding;
    this.#score(0, list, count, this.#rowsAt, this.#rowBytes, scores);
    return this.#select(scores, count, threshold, scores + LIST_BYTES);
  }
}

const KERNEL_OF = { float16: 'scan-halves', uint8: 'scan-bytes' } as const;
/** See scan-halves.wat; the largest half float times this is a float32 still. */
const HALF_DOT_SCALE = 2 ** 112;

function scoreName(distance: Distance, datatype: StoredDatatype | undefined): string {
  switch (distance) {
    case 'Cosine':
      // Other rows have length 1.
      return datatype === 'uint8' ? 'cosine' : 'dot';
    case 'Dot':
      return 'dot';
    case 'Euclid':
      return 'euclid';
    case 'Manhattan':
      return 'manhattan';
  }
}
