// The index of one named vector: flat rows, sealed segments over part of them, and searches through
// both; builds are those of segment-builds.ts.
//
// Invariant: a row is scanned, or in a segment that is searched, at every moment between two turns
// of the event loop.

import type { Distance, PointId, PointOffset, SearchMethod } from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { candidateLimit, chooseByCodes } from '../rows/coded-scan.ts';
import { ExactScan, NearestScorer } from '../rows/exact-scan.ts';
import { ExampleScorer, planExamples, toDense } from '../rows/example-scoring.ts';
import { FlatVectors, NONE } from '../rows/flat-vectors.ts';
import { CODED_SIZE_MAX, RowCodes } from '../rows/row-codes.ts';
import { scoreBound, toHits } from '../score.ts';
import { acceptedCount, checkSearch, isFinite32 } from '../search-request.ts';
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
import { checkGraphSettings } from './graph-settings.ts';
import { isGraphCheaper } from './search-plan.ts';
import { SegmentBuilds, type SegmentBuildsOptions } from './segment-builds.ts';
import { SegmentSet } from './segment-set.ts';

export class SegmentedVectorIndex implements VectorIndex {
  readonly kind = 'dense';
  readonly #size: number;
  readonly #distance: Distance;
  readonly #vectors: FlatVectors;
  readonly #segments = new SegmentSet();
  readonly #builds: SegmentBuilds;

  /** `nextNumber` is above the number of every segment in the folder. */
  constructor(options: SegmentBuildsOptions, nextNumber: number) {
    const { size, distance, datatype, quantization } = options;
    this.#size = size;
    this.#distance = distance;
    // Codes of bytes would be as long as they are.
    const isCoded = quantization !== undefined && size <= CODED_SIZE_MAX && datatype !== 'uint8';
    this.#vectors = new FlatVectors({
      size,
      distance,
      ...(datatype && { datatype }),
      ...(isCoded && { codes: new RowCodes({ size, distance, quantization }) }),
    });
    this.#builds = new SegmentBuilds(options, this.#vectors, this.#segments, nextNumber);
  }

  add(offset: PointOffset, vector: Float32Array): void {
    this.#assertOpen();
    this.#checkVector(vector);
    this.#vectors.append(offset, vector);
    this.#builds.noteAdded();
  }

  remove(offset: PointOffset): void {
    this.#assertOpen();
    if (this.#vectors.remove(offset)) this.#segments.kill(offset);
  }

  has(offset: PointOffset): boolean {
    return this.#vectors.rowOf(offset) !== NONE;
  }

  get(offset: PointOffset): Float32Array | undefined {
    const row = this.#vectors.rowOf(offset);
    return row === NONE ? undefined : this.#vectors.vectorAt(row);
  }

  search(query: Float32Array, search: IndexSearch): IndexHits {
    this.#assertOpen();
    this.#checkVector(query);
    checkSearch(search);
    const top = this.#searchGraphs(query, search) ?? this.#searchExactly(query, search);
    return toHits(top, this.#distance, search.scoreThreshold);
  }

  explain(search: IndexSearch): SearchMethod {
    if (this.#prefersGraphs(search)) return 'graph';
    const vectors = this.#vectors;
    const accepted = search.accept === undefined ? vectors.rowCount : acceptedCount(search);
    const rows = Math.min(accepted, vectors.rowCount);
    return candidateLimit(vectors, search, rows) === undefined ? 'scan' : 'codes';
  }

  searchByExamples(scoring: ExampleScoring, search: IndexSearch): IndexHits {
    this.#assertOpen();
    checkSearch(search);
    const { examples, score } = planExamples(scoring, toDense);
    for (const example of examples) this.#checkVector(example);
    const top = new TopK(search.limit, search.scoreThreshold, search.tieOrder);
    const scorer = new ExampleScorer({ vectors: this.#vectors, examples, score, top });
    const scan = new ExactScan(this.#vectors, scorer);
    this.#giveAll(search, scan);
    scan.finish();
    return top.drain();
  }

  async loadSegments(resolve: (id: PointId) => PointOffset | undefined): Promise<LoadedSegments> {
    this.#assertOpen();
    return this.#builds.load(resolve);
  }

  configure(settings: GraphSettings): void {
    this.#assertOpen();
    checkGraphSettings(settings);
    this.#builds.configure(settings);
  }

  maintain(): void {
    this.#builds.maintain();
  }

  settled(): Promise<void> {
    return this.#builds.settled();
  }

  stats(): VectorIndexStats {
    const { tailVectors, memoryBytes: rowBytes } = this.#vectors;
    const graphBytes = this.#segments.memoryBytes;
    const { state, error, isBuilding, builds } = this.#builds;
    return {
      vectors: this.#vectors.count,
      indexedVectors: this.#indexedVectors,
      excludedVectors: this.#isTailSmall(tailVectors) ? 0 : tailVectors,
      segments: this.#segments.size,
      segmentVectors: Array.from(this.#segments, ({ live }) => live),
      rowBytes,
      graphBytes,
      memoryBytes: rowBytes + graphBytes,
      build: state,
      building: isBuilding,
      ...(error !== undefined && { buildError: error }),
      ...(builds.length > 0 && { builds }),
    };
  }

  async close(): Promise<void> {
    await this.#builds.close();
    for (const segment of this.#segments) this.#segments.remove(segment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #prefersGraphs(search: IndexSearch): boolean {
    const vectors = this.#vectors;
    if (search.exact || this.#builds.isLoading || search.limit === 0) return false;
    const { datatype } = vectors.layout;
    const codes = candidateLimit(vectors, search, vectors.rowCount)?.codes.kind;
    return isGraphCheaper({
      size: this.#size,
      ...(datatype && { datatype }),
      sealed: vectors.sealedVectors,
      tail: vectors.tailVectors,
      segments: this.#segments.size,
      ef: Math.max(search.ef, search.limit),
      ...(search.accept !== undefined && { accepted: acceptedCount(search) }),
      ...(codes !== undefined && { codes }),
    });
  }

  /**
   * Undefined where a scan is cheaper, is asked for, or is needed because the graphs found too few.
   */
  #searchGraphs(query: Float32Array, search: IndexSearch): TopK | undefined {
    if (!this.#prefersGraphs(search)) return undefined;
    const { accept, limit } = search;
    const vectors = this.#vectors;
    const accepted = accept === undefined ? undefined : acceptedCount(search);
    const ef = Math.max(search.ef, limit);
    const top = this.#newTop(search);
    const scan = new ExactScan(vectors, new NearestScorer(vectors, query, top));
    let found = 0;
    for (const segment of this.#segments) {
      for (const offset of segment.search(query, limit, ef, accept)) {
        scan.row(vectors.rowOf(offset));
        found++;
      }
    }
    if (found < Math.min(limit, accepted ?? vectors.sealedVectors)) return undefined;
    if (this.#hasTail(search)) {
      const tail = { from: vectors.sealedCount, to: vectors.rowCount };
      this.#giveNearest(scan, query, search, tail.to - tail.from, (each) => {
        if (accept === undefined) each.range(tail);
        else each.rangeIn(tail, accept);
      });
    }
    scan.finish();
    return top;
  }

  #searchExactly(query: Float32Array, search: IndexSearch): TopK {
    const vectors = this.#vectors;
    const top = this.#newTop(search);
    const scan = new ExactScan(vectors, new NearestScorer(vectors, query, top));
    const accepted = search.accept === undefined ? vectors.rowCount : acceptedCount(search);
    const rows = Math.min(accepted, vectors.rowCount);
    this.#giveNearest(scan, query, search, rows, (each) => this.#giveAll(search, each));
    scan.finish();
    return top;
  }

  /** Gives `scan` what `give` gives, about `rows` rows, or of it the best by their codes. */
  #giveNearest(
    scan: ExactScan,
    query: Float32Array,
    search: IndexSearch,
    rows: number,
    give: (scan: ExactScan) => void,
  ): void {
    const vectors = this.#vectors;
    const coded = candidateLimit(vectors, search, rows);
    if (coded === undefined) give(scan);
    else for (const row of chooseByCodes({ ...coded, vectors, query, give })) scan.row(row);
  }

  #giveAll(search: IndexSearch, scan: ExactScan): void {
    const { accept } = search;
    const vectors = this.#vectors;
    const rows = { from: 0, to: this.#hasTail(search) ? vectors.rowCount : vectors.sealedCount };
    if (accept === undefined) scan.range(rows);
    else if (acceptedCount(search) < rows.to) scan.set(accept, rows);
    else scan.rangeIn(rows, accept);
  }

  #newTop(search: IndexSearch): TopK {
    const { limit, scoreThreshold, tieOrder } = search;
    return new TopK(limit, scoreBound(this.#distance, scoreThreshold), tieOrder);
  }

  /** Where the distance has no graph here, what would have one elsewhere is as indexed as it gets. */
  get #indexedVectors(): number {
    const { count, sealedVectors } = this.#vectors;
    const { m, graphVectorsMin } = this.#builds.settings;
    if (m === 0 || this.#builds.areWanted) return sealedVectors;
    return count >= graphVectorsMin ? count : 0;
  }

  /** Whether the tail is searched: with `indexedOnly` not where it is long to scan. */
  #hasTail(search: IndexSearch): boolean {
    if (!search.indexedOnly) return true;
    const { tailVectors } = this.#vectors;
    const accepted = search.accept === undefined ? tailVectors : acceptedCount(search);
    return this.#isTailSmall(Math.min(tailVectors, accepted));
  }

  /** What no graph is ever to cover is not late. */
  #isTailSmall(scanned: number): boolean {
    const { areWanted, settings } = this.#builds;
    return !areWanted || scanned < settings.smallTailVectorsMax;
  }

  #checkVector(vector: Float32Array): void {
    const size = this.#size;
    if (vector.length !== size) {
      throw new TributaryError('wrong_input', `expected dimension ${size}, got ${vector.length}`);
    }
    if (!isFinite32(vector)) {
      throw new TributaryError('wrong_input', 'a vector has finite values only');
    }
  }

  #assertOpen(): void {
    assert(!this.#builds.isClosed, 'a closed index is not used');
  }
}
