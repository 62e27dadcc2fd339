// The index of one named sparse vector: for each index the rows that have it and their values, and
// the vectors themselves, row after row. Exact.
//
//   offset ──► row: counts up with every vector added ──removed──► dead ──sweep──► gone, rows renumbered
//
// So every list ascends by row, and a search goes through all lists of its query side by side, a
// window of rows at a time. Dead rows are skipped until they are a quarter; then one sweep takes
// them out of everything, which costs each removal a constant share.
//
// Invariant: a list has the entries of the live rows and of the dead ones, and no others.

import {
  isFiniteVector,
  type PointOffset,
  pointOffset,
  type SearchMethod,
  type SparseVector,
  type VectorValue,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { hasOffset, offsetsOf } from '../offset-bits.ts';
import { acceptedCount, checkSearch } from '../search-request.ts';
import { TopK } from '../top-k.ts';
import type {
  ExampleScoring,
  IndexHits,
  IndexSearch,
  LoadedSegments,
  OffsetSet,
  VectorIndex,
  VectorIndexStats,
} from '../vector-index.ts';
import { exactStats } from './exact-stats.ts';
import { planExamples, type ScoreOfSimilarities, toSparse } from './example-scoring.ts';
import { NO_ROW, SparseRows } from './sparse-rows.ts';
import { WindowedPostings } from './sparse-window.ts';

export class SparseIndex implements VectorIndex<VectorValue> {
  readonly kind = 'sparse';
  readonly #rows = new SparseRows();

  add(offset: PointOffset, value: VectorValue): void {
    const vector = checked(value);
    assert(!this.has(offset), `offset ${offset} is added once`);
    this.#rows.append(offset, vector);
  }

  remove(offset: PointOffset): void {
    this.#rows.remove(offset);
  }

  has(offset: PointOffset): boolean {
    return this.#rows.rowOf(offset) !== NO_ROW;
  }

  /** A copy. */
  get(offset: PointOffset): SparseVector | undefined {
    return this.#rows.get(offset);
  }

  /** Only points that share an index with the query; larger scores are better. */
  search(query: VectorValue, search: IndexSearch): IndexHits {
    return this.#best([checked(query)], onlySimilarity, search, true);
  }

  explain(): SearchMethod {
    return 'lists';
  }

  /** All points with a vector; the similarity of those that share no index is 0. */
  searchByExamples(scoring: ExampleScoring, search: IndexSearch): IndexHits {
    const { examples, score } = planExamples(scoring, checked);
    return this.#best(examples, score, search, false);
  }

  /** How many points of the set, or of all, have each index. */
  termFrequencies(indices: Uint32Array, accept?: OffsetSet): number[] {
    return Array.from(indices, (index) => this.#rows.frequency(index, accept));
  }

  /** How many points of the set, or of all, have a vector. */
  count(accept?: OffsetSet): number {
    if (accept === undefined) return this.#rows.count;
    let count = 0;
    for (let row = 0; row < this.#rows.end; row++) {
      const offset = this.#rows.offsetOf(row);
      if (offset !== NO_ROW && hasOffset(accept, offset)) count++;
    }
    return count;
  }

  async loadSegments(): Promise<LoadedSegments> {
    return { loaded: 0, rejected: [] };
  }

  configure(): void {}

  maintain(): void {}

  async settled(): Promise<void> {}

  stats(): VectorIndexStats {
    const { count, memoryBytes } = this.#rows;
    return exactStats({ vectors: count, indexedVectors: count, memoryBytes });
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #best(
    examples: readonly SparseVector[],
    score: ScoreOfSimilarities,
    search: IndexSearch,
    onlyTouched: boolean,
  ): IndexHits {
    checkSearch(search);
    const { accept } = search;
    const top = new TopK(search.limit, search.scoreThreshold, search.tieOrder);
    const isSparing = accept !== undefined && this.#isScatteredCheaper(examples, search);
    if (isSparing) this.#scanSet(accept, examples, score, onlyTouched, top);
    else this.#scanLists(accept, examples, score, onlyTouched, top);
    return top.drain();
  }

  #scanLists(
    accept: OffsetSet | undefined,
    examples: readonly SparseVector[],
    score: ScoreOfSimilarities,
    onlyTouched: boolean,
    top: TopK,
  ): void {
    const rows = this.#rows;
    const window = new WindowedPostings(rows, examples);
    for (let first = 0; first < rows.end; first += window.length) {
      const { similarities, touched } = window.next(first);
      const count = Math.min(window.length, rows.end - first);
      for (let i = 0; i < count; i++) {
        if (onlyTouched && touched[i] === 0) continue;
        const offset = rows.offsetOf(first + i);
        if (offset === NO_ROW) continue;
        if (accept !== undefined && !hasOffset(accept, offset)) continue;
        top.offer(Math.fround(score(similarities, window.length, i)), offset);
      }
    }
  }

  #scanSet(
    accept: OffsetSet,
    examples: readonly SparseVector[],
    score: ScoreOfSimilarities,
    onlyTouched: boolean,
    top: TopK,
  ): void {
    const similarities = new Float32Array(examples.length);
    for (const offset of offsetsOf(accept)) {
      const row = this.#rows.rowOf(pointOffset(offset));
      if (row === NO_ROW) continue;
      let isTouched = false;
      examples.forEach((example, e) => {
        const similarity = this.#rows.similarity(row, example);
        isTouched ||= similarity !== undefined;
        similarities[e] = similarity ?? 0;
      });
      if (onlyTouched && !isTouched) continue;
      top.offer(Math.fround(score(similarities, 1, 0)), offset);
    }
  }

  /** Whether the vectors of the accepted points are fewer values than the lists of the query. */
  #isScatteredCheaper(examples: readonly SparseVector[], search: IndexSearch): boolean {
    let listed = this.#rows.end;
    let given = 0;
    for (const { indices } of examples) {
      given += indices.length;
      for (const index of indices) listed += this.#rows.listOf(index)?.length ?? 0;
    }
    const perPoint = given + examples.length * this.#rows.valuesPerRow;
    return acceptedCount(search) * perPoint < listed;
  }
}

const onlySimilarity: ScoreOfSimilarities = (similarities, _, at) => similarities[at] ?? 0;

function checked(value: VectorValue): SparseVector {
  const vector = toSparse(value);
  const { indices, values } = vector;
  if (indices.length !== values.length || !isFiniteVector(values)) {
    throw new TributaryError('wrong_input', 'a sparse vector has a finite value for each index');
  }
  for (let i = 1; i < indices.length; i++) {
    if ((indices[i] ?? 0) <= (indices[i - 1] ?? 0)) {
      throw new TributaryError('wrong_input', 'the indices of a sparse vector ascend');
    }
  }
  return vector;
}
