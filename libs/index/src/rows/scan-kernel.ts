// The exact scan over one block of rows: a WebAssembly instance on the block's shared memory and
// the work area at the memory's start (query, list of rows, their scores, positions of the scores
// worth looking at).

import { readFileSync } from 'node:fs';
import type { Distance } from '@tributary/model';

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

let compiled: WebAssembly.Module | undefined;

/** The functions of `scan.wat` on a memory. */
export function scanInstance(memory: WebAssembly.Memory) {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./scan.wasm', import.meta.url)));
  return new WebAssembly.Instance(compiled, { block: { memory } }).exports;
}

/** Bytes before the first row of a block whose rows have `rowBytes` bytes. */
export function workAreaBytes(rowBytes: number): number {
  const bytes = rowBytes + 3 * LIST_BYTES;
  return Math.ceil(bytes / AREA_ALIGNMENT) * AREA_ALIGNMENT;
}

/** Larger scores are nearer: Euclid gives the negated square, Manhattan the negated sum. */
export class ScanKernel {
  /** Rows to score next, and after `score` their scores and the positions worth looking at. */
  readonly list: Uint32Array;
  readonly scores: Float32Array;
  readonly positions: Uint32Array;
  readonly #query: Float32Array;
  readonly #score: ScoreRows;
  readonly #select: SelectScores;
  readonly #rowBytes: number;

  constructor(memory: WebAssembly.Memory, distance: Distance, rowBytes: number) {
    const exports = scanInstance(memory);
    this.#score = exports[scoreName(distance)] as ScoreRows;
    this.#select = exports.select as SelectScores;
    this.#rowBytes = rowBytes;
    this.#query = new Float32Array(memory.buffer, 0, rowBytes / WORD_BYTES);
    this.list = new Uint32Array(memory.buffer, rowBytes, ROWS_PER_CALL);
    this.scores = new Float32Array(memory.buffer, rowBytes + LIST_BYTES, ROWS_PER_CALL);
    this.positions = new Uint32Array(memory.buffer, rowBytes + 2 * LIST_BYTES, ROWS_PER_CALL);
  }

  setQuery(query: Float32Array): void {
    this.#query.set(query);
  }

  /**
   * Scores the first `count` rows of `list`; returns how many `positions` have a score that reaches
   * `threshold`.
   */
  score(count: number, threshold: number): number {
    const list = this.#rowBytes;
    const scores = list + LIST_BYTES;
    // The kernel takes four rows a turn: repeat a valid row rather than read what an earlier call
    // left.
    const padding = this.list[0] ?? 0;
    for (let i = count; i % 4 !== 0; i++) this.list[i] = padding;
    this.#score(0, list, count, workAreaBytes(this.#rowBytes), this.#rowBytes, scores);
    return this.#select(scores, count, threshold, scores + LIST_BYTES);
  }
}

function scoreName(distance: Distance): string {
  switch (distance) {
    case 'Cosine':
    case 'Dot':
      return 'dot';
    case 'Euclid':
      return 'euclid';
    case 'Manhattan':
      return 'manhattan';
  }
}
