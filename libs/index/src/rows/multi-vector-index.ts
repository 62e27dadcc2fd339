// The index of one named multi vector: the rows of all points in flat memory, each under a label of
// its own, scanned exactly.
//
// The similarity of two multi vectors (MaxSim) is the sum over the query's rows of the largest
// similarity to a row of the point. For Euclid that is a sum of negated squares, and the score its
// root, as clients compute it.
//
// Invariant: a label stands for one row of one point, and is used again only after its removal.

import {
  type Distance,
  type MultiVector,
  type PointOffset,
  pointOffset,
  type SearchMethod,
  type StoredDatatype,
  type VectorValue,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { hasOffset, offsetsOf } from '../offset-bits.ts';
import { scoreBound, toHits } from '../score.ts';
import { acceptedCount, checkSearch, isFinite32 } from '../search-request.ts';
import { rowsOf } from '../similarity.ts';
import { TopK } from '../top-k.ts';
import type {
  ExampleScoring,
  GraphSettings,
  IndexHits,
  IndexSearch,
  LoadedSegments,
  VectorIndex,
  VectorIndexStats,
} from '../vector-index.ts';
import { ExactScan } from './exact-scan.ts';
import { exactStats } from './exact-stats.ts';
import { planExamples, type ScoreOfSimilarities, toMulti } from './example-scoring.ts';
import { FlatVectors } from './flat-vectors.ts';
import { MaxSimilarityScorer } from './max-similarity.ts';

/** Points scored together: their rows fill some calls of the kernel. */
const POINTS_PER_GROUP = 256;
/** A Map's entry and the array of a point's labels, without the labels. */
const BYTES_PER_POINT = 120;

export interface MultiVectorIndexOptions {
  /** Of a row. */
  readonly size: number;
  readonly distance: Distance;
  /** What values are kept as, vectors and queries being of it already; absent for float32. */
  readonly datatype?: StoredDatatype;
  /** Bytes of a block of rows; see `FlatVectors`. */
  readonly blockBytesMax?: number;
  /** Rows from which the vectors count as indexed, as a scan is all they ever have; absent: they never do. */
  readonly graphVectorsMin?: number;
}

export class MultiVectorIndex implements VectorIndex<VectorValue> {
  readonly kind = 'multi';
  readonly #size: number;
  readonly #distance: Distance;
  readonly #rows: FlatVectors;
  /** The labels of a point's rows, in their order. */
  readonly #labelsOf = new Map<PointOffset, Uint32Array>();
  readonly #freeLabels: number[] = [];
  #labelsEnd = 0;
  #graphVectorsMin: number;

  constructor(options: MultiVectorIndexOptions) {
    this.#size = options.size;
    this.#distance = options.distance;
    this.#rows = new FlatVectors(options);
    this.#graphVectorsMin = options.graphVectorsMin ?? Number.POSITIVE_INFINITY;
  }

  add(offset: PointOffset, value: VectorValue): void {
    const rows = rowsOf(this.#checked(value));
    assert(!this.#labelsOf.has(offset), `offset ${offset} is added once`);
    const labels = Uint32Array.from(rows, () => this.#freeLabels.pop() ?? this.#labelsEnd++);
    rows.forEach((row, i) => {
      this.#rows.append(pointOffset(labels[i] ?? 0), row);
    });
    this.#labelsOf.set(offset, labels);
  }

  remove(offset: PointOffset): void {
    const labels = this.#labelsOf.get(offset);
    if (labels === undefined) return;
    this.#labelsOf.delete(offset);
    for (const label of labels) {
      this.#rows.remove(pointOffset(label));
      this.#freeLabels.push(label);
    }
  }

  has(offset: PointOffset): boolean {
    return this.#labelsOf.has(offset);
  }

  /** A copy. */
  get(offset: PointOffset): MultiVector | undefined {
    const labels = this.#labelsOf.get(offset);
    if (labels === undefined) return undefined;
    const size = this.#size;
    const rows = new Float32Array(labels.length * size);
    labels.forEach((label, i) => {
      rows.set(this.#rows.vectorAt(this.#rows.rowOf(label)), i * size);
    });
    return { size, rows };
  }

  search(query: VectorValue, search: IndexSearch): IndexHits {
    const bound = scoreBound(this.#distance, search.scoreThreshold);
    const top = this.#best([this.#checked(query)], onlySimilarity, search, bound);
    return toHits(top, this.#distance, search.scoreThreshold);
  }

  explain(): SearchMethod {
    return 'scan';
  }

  searchByExamples(scoring: ExampleScoring, search: IndexSearch): IndexHits {
    const { examples, score } = planExamples(scoring, (example) => this.#checked(example));
    return this.#best(examples, score, search, search.scoreThreshold).drain();
  }

  async loadSegments(): Promise<LoadedSegments> {
    return { loaded: 0, rejected: [] };
  }

  configure({ m, graphVectorsMin }: Pick<GraphSettings, 'm' | 'graphVectorsMin'>): void {
    this.#graphVectorsMin = m === 0 ? Number.POSITIVE_INFINITY : graphVectorsMin;
  }

  maintain(): void {}

  async settled(): Promise<void> {}

  stats(): VectorIndexStats {
    const labelBytes = 4 * this.#rows.count + 8 * this.#freeLabels.length;
    const memoryBytes = this.#rows.memoryBytes + labelBytes + BYTES_PER_POINT * this.#labelsOf.size;
    const vectors = this.#labelsOf.size;
    const indexedVectors = this.#rows.count >= this.#graphVectorsMin ? vectors : 0;
    return exactStats({ vectors, indexedVectors, memoryBytes });
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #best(
    examples: readonly MultiVector[],
    score: ScoreOfSimilarities,
    search: IndexSearch,
    bound: number | undefined,
  ): TopK {
    checkSearch(search);
    const rows = this.#rows;
    const top = new TopK(search.limit, bound, search.tieOrder);
    const scorer = new MaxSimilarityScorer({
      rows,
      examples,
      labelsEnd: this.#labelsEnd,
      pointsMax: POINTS_PER_GROUP,
    });
    const scan = new ExactScan(rows, scorer);
    const group: PointOffset[] = [];
    const finishGroup = () => {
      scan.finish();
      const similarities = scorer.takeSimilarities(group.length);
      group.forEach((offset, i) => {
        top.offer(Math.fround(score(similarities, POINTS_PER_GROUP, i)), offset);
      });
      group.length = 0;
    };
    for (const offset of this.#candidates(search)) {
      const labels = this.#labelsOf.get(offset);
      if (labels === undefined) continue;
      scorer.expect(labels, group.length);
      group.push(offset);
      for (const label of labels) scan.row(rows.rowOf(label));
      if (group.length === POINTS_PER_GROUP) finishGroup();
    }
    finishGroup();
    return top;
  }

  /** Of the set and all points, the fewer are gone through. */
  *#candidates(search: IndexSearch): Generator<PointOffset> {
    const { accept } = search;
    if (accept !== undefined && acceptedCount(search) < this.#labelsOf.size) {
      for (const offset of offsetsOf(accept)) yield pointOffset(offset);
      return;
    }
    for (const offset of this.#labelsOf.keys()) {
      if (accept === undefined || hasOffset(accept, offset)) yield offset;
    }
  }

  #checked(value: VectorValue): MultiVector {
    const vector = toMulti(value);
    const { size, rows } = vector;
    if (size !== this.#size || rows.length === 0 || rows.length % size !== 0) {
      throw new TributaryError('wrong_input', `expected rows of ${this.#size}, got ${size}`);
    }
    if (!isFinite32(rows)) {
      throw new TributaryError('wrong_input', 'a vector has finite values only');
    }
    return vector;
  }
}

const onlySimilarity: ScoreOfSimilarities = (similarities, _, at) => similarities[at] ?? 0;
