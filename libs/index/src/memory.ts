// The contract of an index by sorting everything: for tests that compare with it or that open thousands.

import { type Distance, exactScore, higherIsBetter, type PointOffset } from '@tributary/model';
import { isInSet } from './exact-scan.ts';
import type { IndexHits, IndexSearch, VectorIndex } from './vector-index.ts';

export class MemoryVectorIndex implements VectorIndex {
  readonly #distance: Distance;
  readonly #vectors = new Map<PointOffset, Float32Array>();

  constructor(distance: Distance) {
    this.#distance = distance;
  }

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

  search(query: Float32Array, { limit, accept, scoreThreshold }: IndexSearch): IndexHits {
    const sign = higherIsBetter(this.#distance) ? 1 : -1;
    const hits = [...this.#vectors]
      .filter(([offset]) => accept === undefined || isInSet(accept, offset))
      .map(([offset, vector]) => ({ offset, score: exactScore(this.#distance, query, vector) }))
      .filter(({ score }) => scoreThreshold === undefined || sign * (score - scoreThreshold) > 0)
      .sort((a, b) => sign * (b.score - a.score) || a.offset - b.offset)
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
