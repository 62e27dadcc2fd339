// A sealed segment: an immutable graph over rows numbered from 0, and which offset each row belongs
// to now.
//
//   row   unclaimed ──claim──► live ──kill──► dead
//             └──────────kill───────────────────┘
//
// Dead rows stay in the graph as way-points and are never answered.

import { assert } from '@tributary/runtime';
import { hasOffset } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import type { GraphParams, NativeGraph } from './native-graph.ts';

const DEAD = 0xffff_ffff;
const UNCLAIMED = 0xffff_fffe;

export interface SealedGraph {
  readonly number: number;
  readonly graph: NativeGraph;
  readonly graphBytes: number;
  /** What the graph was built with. */
  readonly params: GraphParams;
}

export class HnswSegment {
  readonly number: number;
  readonly params: GraphParams;
  readonly count: number;
  readonly graphBytes: number;
  readonly #graph: NativeGraph;
  readonly #offsets: Uint32Array;
  #live = 0;

  constructor({ number, graph, graphBytes, params }: SealedGraph) {
    this.number = number;
    this.params = params;
    this.count = graph.count;
    this.graphBytes = graphBytes;
    this.#graph = graph;
    this.#offsets = new Uint32Array(this.count).fill(UNCLAIMED);
  }

  get live(): number {
    return this.#live;
  }

  /** The offset of a live row; undefined where it is not live. */
  offsetAt(row: number): number | undefined {
    const offset = this.#offsets[row] ?? DEAD;
    return offset < UNCLAIMED ? offset : undefined;
  }

  claim(row: number, offset: number): void {
    assert(this.#offsets[row] === UNCLAIMED && offset < UNCLAIMED, 'a row is claimed once');
    this.#offsets[row] = offset;
    this.#live++;
  }

  /** Killing a dead row changes nothing. */
  kill(row: number): void {
    const offset = this.#offsets[row];
    if (offset === DEAD || offset === undefined) return;
    if (offset !== UNCLAIMED) this.#live--;
    this.#offsets[row] = DEAD;
    this.#graph.markDeleted(row);
  }

  /**
   * Offsets of up to `k` live rows near `query`, nearest first where the graph's rounding says so.
   */
  search(query: Float32Array, k: number, ef: number, accept?: OffsetSet): number[] {
    const offsets = this.#offsets;
    // The callback must not throw: it would end the process.
    const filter =
      accept === undefined ? undefined : (row: number) => hasOffset(accept, offsets[row] ?? DEAD);
    const rows = this.#graph.search(query, k, ef, filter);
    const found: number[] = [];
    for (const row of rows) {
      const offset = offsets[row] ?? DEAD;
      if (offset < UNCLAIMED) found.push(offset);
    }
    return found;
  }

  get memoryBytes(): number {
    return this.graphBytes + this.#offsets.byteLength;
  }

  /** Frees the graph; the segment is not used again. */
  free(): void {
    this.#graph.free();
  }
}
