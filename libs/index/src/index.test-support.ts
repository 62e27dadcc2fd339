// Data and indexes for the tests of this package.

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Distance, type PointOffset, pointOffset } from '@tributary/model';
import { type Random, silentLogger, systemClock } from '@tributary/runtime';
import { type CreateVectorIndexOptions, createVectorIndex } from './create-vector-index.ts';
import type { SegmentBuilder } from './segments/segment-builder.ts';
import type { GraphSettings, IndexSearch, VectorIndex } from './vector-index.ts';

export const temporaryFolder = () => mkdtempDisposable(join(tmpdir(), 'tributary-index-'));

/** Builds nothing: for tests of what the tail alone does. */
export const noBuilder: SegmentBuilder = {
  build: async () => {},
  close: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

export const SETTINGS: GraphSettings = {
  m: 16,
  efConstruct: 100,
  tailVectorsMax: 1_000,
  graphVectorsMin: 1_000,
  smallTailVectorsMax: 1_000,
  deletedShareMax: 0.3,
  wornVectorsMin: 0,
};

/** Points have their offsets as ids unless `identify` says otherwise. */
export function openIndex(
  options: Partial<CreateVectorIndexOptions> &
    Pick<CreateVectorIndexOptions, 'size' | 'folder' | 'builder'>,
): Promise<VectorIndex> {
  return createVectorIndex({
    distance: 'Cosine',
    ...SETTINGS,
    identify: (offset) => offset,
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
}

export function searchFor(search: Partial<IndexSearch>): IndexSearch {
  return { limit: 10, ef: 100, exact: false, indexedOnly: false, ...search };
}

/** Normalised vectors around random centres, as embeddings lie. */
export class ClusteredVectors {
  readonly #random: Random;
  readonly #centres: Float32Array[];

  constructor(random: Random, size: number, clusters: number) {
    this.#random = random;
    this.#centres = Array.from({ length: clusters }, () =>
      this.#gaussian(new Float32Array(size), 1),
    );
  }

  next(): Float32Array {
    const centre = this.#centres[this.#random.integer(this.#centres.length)];
    return normalised(this.#gaussian(Float32Array.from(centre ?? []), 0.6));
  }

  many(count: number): Float32Array[] {
    return Array.from({ length: count }, () => this.next());
  }

  #gaussian(vector: Float32Array, deviation: number): Float32Array {
    return vector.map((value) => {
      let sum = -3;
      for (let i = 0; i < 6; i++) sum += this.#random.next();
      return value + deviation * sum;
    });
  }
}

export function normalised(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** The score by definition, in doubles. */
export function scoreOf(distance: Distance, a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    if (distance === 'Cosine' || distance === 'Dot') sum += x * y;
    else sum += distance === 'Euclid' ? (x - y) ** 2 : Math.abs(x - y);
  }
  return distance === 'Euclid' ? Math.sqrt(sum) : sum;
}

/** A set of offsets as the index takes it. */
export function offsetSet(offsets: Iterable<number>, end: number): Uint32Array {
  const set = new Uint32Array(Math.ceil(end / 32));
  for (const offset of offsets) {
    set[offset >>> 5] = (set[offset >>> 5] ?? 0) | (1 << (offset & 31));
  }
  return set;
}

/** Share of the exact answers that the index gives too. */
export function recallOf(
  index: VectorIndex,
  queries: readonly Float32Array[],
  search: Partial<IndexSearch>,
): number {
  let wanted = 0;
  let found = 0;
  for (const query of queries) {
    const exact = index.search(query, searchFor({ ...search, exact: true })).offsets;
    const given = new Set(index.search(query, searchFor(search)).offsets);
    wanted += exact.length;
    for (const offset of exact) if (given.has(offset)) found++;
  }
  return found / wanted;
}

export function offsetsUpTo(end: number): PointOffset[] {
  return Array.from({ length: end }, (_, i) => pointOffset(i));
}

/** Adds vectors at offsets `first`, `first` + 1, … */
export function addAll(index: VectorIndex, vectors: readonly Float32Array[], first = 0): void {
  for (const [i, vector] of vectors.entries()) index.add(pointOffset(first + i), vector);
}
