// The only door to hnswlib-node. The library ends the process on an array with holes, a callback
// that throws, m = 0 or a failed read into an object in use, takes NaN, wraps labels at 2^32 and
// saves without reporting errors. So its input is checked here, files are read only into
// fresh objects, and `graph-check.ts` proves what was written.

import type { Distance } from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import hnswlib from 'hnswlib-node';
import { isFinite32 } from '../search-request.ts';

/**
 * Edges a node that hnswlib is given: its level formula divides by ln m, and it keeps 2 m in 16
 * bits.
 */
const EDGES_MIN = 2;
const EDGES_MAX = 2_048;
const LABELS_MAX = 2 ** 32 - 1;
/**
 * What an empty object holds: initialising one again frees the graph at once, not when the
 * collector finds it.
 */
const NOTHING = { maxElements: 1, m: EDGES_MIN, efConstruction: 1 };

export interface GraphParams {
  readonly size: number;
  readonly distance: Distance;
  readonly m: number;
  readonly efConstruct: number;
}

/** Manhattan has no graph: hnswlib knows no such space. */
export function hasGraph(distance: Distance): boolean {
  return distance !== 'Manhattan';
}

export function isSameGraph(a: GraphParams, b: GraphParams): boolean {
  return a.m === b.m && a.efConstruct === b.efConstruct;
}

function clampedEdges(m: number): number {
  return Math.min(EDGES_MAX, Math.max(EDGES_MIN, Math.floor(m)));
}

export class NativeGraph {
  readonly #index: hnswlib.HierarchicalNSW;
  /** hnswlib-node takes plain arrays only; one is used again and again. */
  readonly #values: number[];
  #capacity = 0;
  #count = 0;
  #ef = 0;

  private constructor(size: number, distance: Distance) {
    assert(Number.isInteger(size) && size >= 1, 'a graph has at least one dimension');
    assert(hasGraph(distance), 'a graph needs a space of hnswlib');
    this.#index = new hnswlib.HierarchicalNSW(distance === 'Euclid' ? 'l2' : 'ip', size);
    this.#values = new Array<number>(size).fill(0);
  }

  static create(params: GraphParams, capacity: number): NativeGraph {
    assertLabelCount(capacity);
    const graph = new NativeGraph(params.size, params.distance);
    const m = clampedEdges(params.m);
    const efConstruction = Math.max(m, Math.floor(params.efConstruct));
    graph.#index.initIndex({ maxElements: Math.max(1, capacity), m, efConstruction });
    graph.#capacity = capacity;
    return graph;
  }

  /** Reads a file that was checked before, off this thread; rejects with `corrupt`. */
  static async read(path: string, params: GraphParams, count: number): Promise<NativeGraph> {
    const graph = new NativeGraph(params.size, params.distance);
    try {
      await graph.#index.readIndex(path);
    } catch (cause) {
      throw new TributaryError('corrupt', `hnswlib does not read ${path}`, { cause });
    }
    graph.#takeCount(path, count);
    return graph;
  }

  /** Like `read`, on this thread, with room for more. */
  static readToExtend(path: string, params: GraphParams, count: number, capacity: number) {
    assertLabelCount(capacity);
    const graph = new NativeGraph(params.size, params.distance);
    try {
      graph.#index.readIndexSync(path);
    } catch (cause) {
      throw new TributaryError('corrupt', `hnswlib does not read ${path}`, { cause });
    }
    graph.#takeCount(path, count);
    graph.#index.resizeIndex(capacity);
    graph.#capacity = capacity;
    return graph;
  }

  get count(): number {
    return this.#count;
  }

  /** Appends a vector under the next label. */
  add(vector: Float32Array): void {
    assert(this.#count < this.#capacity, 'a graph has room for what is added');
    this.#setValues(vector);
    this.#index.addPoint(this.#values, this.#count);
    this.#count++;
  }

  /** Labels near `query`; fewer than `k` where deletions or the filter leave too few in reach. */
  search(
    query: Float32Array,
    k: number,
    ef: number,
    filter?: (label: number) => boolean,
  ): number[] {
    const wanted = Math.min(k, this.#count);
    if (wanted < 1) return [];
    this.#setValues(query);
    if (this.#ef !== ef) {
      this.#index.setEf(Math.min(LABELS_MAX, Math.max(1, ef)));
      this.#ef = ef;
    }
    return this.#index.searchKnn(this.#values, wanted, filter).neighbors;
  }

  /** Takes a label out of all answers; once a label. */
  markDeleted(label: number): void {
    assert(label >= 0 && label < this.#count, 'the label is in the graph');
    this.#index.markDelete(label);
  }

  /** Errors of the file system are not reported: check the file. */
  write(path: string): void {
    this.#index.writeIndexSync(path);
  }

  /** Frees the graph's memory; nothing is found afterwards. */
  free(): void {
    this.#count = 0;
    this.#capacity = 0;
    this.#index.initIndex(NOTHING);
  }

  #takeCount(path: string, count: number): void {
    const found = this.#index.getCurrentCount();
    if (found !== count) {
      throw new TributaryError('corrupt', `${path} holds ${found} vectors, not ${count}`);
    }
    this.#count = count;
    this.#capacity = count;
  }

  #setValues(vector: Float32Array): void {
    const values = this.#values;
    assert(vector.length === values.length, 'a vector has the size of its graph');
    for (let i = 0; i < values.length; i++) values[i] = vector[i] ?? 0;
    assert(isFinite32(vector), 'only finite values reach a graph');
  }
}

function assertLabelCount(count: number): void {
  assert(Number.isSafeInteger(count) && count >= 0 && count < LABELS_MAX, 'labels have 32 bits');
}
