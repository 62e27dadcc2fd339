// A vector index without a graph or memory of its own, so that a simulation opens thousands of them.

import type { IndexHits, IndexSearch, VectorIndex } from '@tributary/index';
import { isInSet } from '@tributary/index';
import type { PointOffset } from '@tributary/model';

export class ExactIndex implements VectorIndex {
  readonly #vectors = new Map<PointOffset, Float32Array>();

  add(offset: PointOffset, vector: Float32Array): void {
    if (this.#vectors.has(offset)) throw new Error(`offset ${offset} is added twice`);
    this.#vectors.set(offset, vector.slice());
  }

  remove(offset: PointOffset): void {
    this.#vectors.delete(offset);
  }

  get(offset: PointOffset): Float32Array | undefined {
    return this.#vectors.get(offset);
  }

  search(query: Float32Array, { limit, accept }: IndexSearch): IndexHits {
    const hits = [...this.#vectors]
      .filter(([offset]) => accept === undefined || isInSet(accept, offset))
      .map(([offset, vector]) => ({ offset, score: distance(query, vector) }))
      .sort((a, b) => a.score - b.score)
      .slice(0, limit);
    return {
      offsets: Uint32Array.from(hits, ({ offset }) => offset),
      scores: Float32Array.from(hits, ({ score }) => score),
    };
  }

  async loadSegments() {
    return { loaded: 0, rejected: [] };
  }

  maintain(): void {}

  async settled(): Promise<void> {}

  stats() {
    const vectors = this.#vectors.size;
    return { vectors, indexedVectors: 0, segments: 0, memoryBytes: 0, building: false };
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}
