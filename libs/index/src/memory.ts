// The contract of an index by sorting everything: for tests that compare with it or that open thousands.

import {
  type Distance,
  higherIsBetter,
  type PointOffset,
  type SearchMethod,
  type VectorValue,
} from '@tributary/model';
import { hasOffset } from './offset-bits.ts';
import { exactStats } from './rows/exact-stats.ts';
import { planExamples } from './rows/example-scoring.ts';
import { copyVector, similarity } from './similarity.ts';
import type {
  ExampleScoring,
  IndexHits,
  IndexSearch,
  VectorIndex,
  VectorKind,
} from './vector-index.ts';

interface Scored {
  readonly offset: PointOffset;
  readonly score: number;
}

export class MemoryVectorIndex<Vector extends VectorValue = Float32Array>
  implements VectorIndex<Vector>
{
  readonly kind: VectorKind;
  readonly #distance: Distance;
  readonly #vectors = new Map<PointOffset, Vector>();

  /** Sparse vectors have the distance `Dot`. */
  constructor(distance: Distance, kind: VectorKind = 'dense') {
    this.#distance = distance;
    this.kind = kind;
  }

  add(offset: PointOffset, vector: Vector): void {
    if (this.#vectors.has(offset)) throw new Error(`offset ${offset} is added twice`);
    this.#vectors.set(offset, copyVector(vector));
  }

  remove(offset: PointOffset): void {
    this.#vectors.delete(offset);
  }

  has(offset: PointOffset): boolean {
    return this.#vectors.has(offset);
  }

  get(offset: PointOffset): Vector | undefined {
    return this.#vectors.get(offset);
  }

  search(query: Vector, search: IndexSearch): IndexHits {
    const distance = this.#distance;
    return this.#best(search, higherIsBetter(distance) ? 1 : -1, (vector) => {
      const nearness = similarity(distance, query, vector);
      if (nearness === undefined || higherIsBetter(distance)) return nearness;
      return distance === 'Euclid' ? Math.sqrt(0 - nearness) : 0 - nearness;
    });
  }

  explain(): SearchMethod {
    return 'scan';
  }

  searchByExamples(scoring: ExampleScoring, search: IndexSearch): IndexHits {
    const { examples, score } = planExamples(scoring, (example) => example);
    return this.#best(search, 1, (vector) => {
      const similarities = examples.map((e) => similarity(this.#distance, e, vector) ?? 0);
      return score(Float32Array.from(similarities), 1, 0);
    });
  }

  #best(
    { accept, scoreThreshold, limit, tieOrder }: IndexSearch,
    sign: 1 | -1,
    scoreOf: (vector: Vector) => number | undefined,
  ): IndexHits {
    const hits: Scored[] = [];
    for (const [offset, vector] of this.#vectors) {
      if (accept !== undefined && !hasOffset(accept, offset)) continue;
      const exact = scoreOf(vector);
      if (exact === undefined) continue;
      const score = Math.fround(exact);
      if (scoreThreshold !== undefined && !(sign * (score - scoreThreshold) > 0)) continue;
      hits.push({ offset, score });
    }
    const order = tieOrder ?? ((a, b) => a - b);
    hits.sort((a, b) => sign * (b.score - a.score) || order(a.offset, b.offset));
    hits.length = Math.min(hits.length, limit);
    return {
      offsets: Uint32Array.from(hits, ({ offset }) => offset),
      scores: Float32Array.from(hits, ({ score }) => score),
    };
  }

  async loadSegments() {
    return { loaded: 0, rejected: [] };
  }

  configure(): void {}

  maintain(): void {}

  async settled(): Promise<void> {}

  stats() {
    return exactStats({ vectors: this.#vectors.size, indexedVectors: 0, memoryBytes: 0 });
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
