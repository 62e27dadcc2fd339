// The index of one named vector: flat rows, sealed segments over part of them, and the build that
// is under way.
//
//   idle ──maintain──► queued ──turn──► rows held, thread builds ──► segment read ──► taken up ──► idle
//     ▲                  │                    │                         │
//     └──── cancelled, failed: rows released, tail as before, tried again 10 s later ◄──┘
//
// Invariant: a row is scanned, or in a segment that is searched, at every moment between two turns
// of the event loop.

import type { PointId, PointOffset, SearchMethod } from '@tributary/model';
import { assert, type Clock, type Logger, messageOf, TributaryError } from '@tributary/runtime';
import { candidateLimit, chooseByCodes } from '../rows/coded-scan.ts';
import { ExactScan, NearestScorer } from '../rows/exact-scan.ts';
import { ExampleScorer, planExamples, toDense } from '../rows/example-scoring.ts';
import { FlatVectors, NONE } from '../rows/flat-vectors.ts';
import { CODED_SIZE_MAX, RowCodes } from '../rows/row-codes.ts';
import { scoreBound, toHits } from '../score.ts';
import { acceptedCount, checkSearch, isFinite32 } from '../search-request.ts';
import { TopK } from '../top-k.ts';
import type {
  BuildState,
  ExampleScoring,
  IndexHits,
  IndexSearch,
  LoadedSegments,
  VectorIndex,
  VectorIndexOptions,
  VectorIndexStats,
} from '../vector-index.ts';
import { type BuildPlan, planBuild } from './build-plan.ts';
import type { HnswSegment } from './hnsw-segment.ts';
import { type GraphParams, hasGraph } from './native-graph.ts';
import { isGraphCheaper } from './search-plan.ts';
import { type BuildContext, buildSegment, dissolveSegment } from './segment-build.ts';
import type { SegmentBuilder } from './segment-builder.ts';
import { removeSegment } from './segment-file.ts';
import { matchSegments } from './segment-match.ts';
import { SegmentSet } from './segment-set.ts';

/** After a failed build (a full disk, say) the next one waits. */
const RETRY_AFTER_MS = 10_000;

export interface SegmentedIndexOptions extends VectorIndexOptions {
  readonly builder: SegmentBuilder;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SegmentedVectorIndex implements VectorIndex {
  readonly kind = 'dense';
  readonly #options: SegmentedIndexOptions;
  readonly #params: GraphParams;
  readonly #vectors: FlatVectors;
  readonly #segments = new SegmentSet();
  readonly #closing = new AbortController();
  #nextNumber: number;
  #building: Promise<void> | undefined;
  /** Its turn has come. */
  #isRunning = false;
  #buildError: string | undefined;
  #loading: Promise<LoadedSegments> | undefined;
  #retryAtMs = Number.NEGATIVE_INFINITY;

  /** `nextNumber` is above the number of every segment in the folder. */
  constructor(options: SegmentedIndexOptions, nextNumber: number) {
    const { size, distance, m, efConstruct } = options;
    this.#options = options;
    this.#params = { size, distance, m, efConstruct };
    const { quantization } = options;
    const isCoded = quantization !== undefined && size <= CODED_SIZE_MAX;
    this.#vectors = new FlatVectors({
      size,
      distance,
      ...(isCoded && { codes: new RowCodes({ size, distance, quantization }) }),
    });
    this.#nextNumber = nextNumber;
  }

  add(offset: PointOffset, vector: Float32Array): void {
    this.#assertOpen();
    this.#checkVector(vector);
    this.#vectors.append(offset, vector);
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
    return toHits(top, this.#params.distance, search.scoreThreshold);
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
    assert(this.#building === undefined, 'segments are loaded before any is built');
    assert(this.#loading === undefined, 'segments are loaded once at a time');
    this.#loading = matchSegments({ ...this.#buildContext(), resolve });
    try {
      return await this.#loading;
    } finally {
      this.#loading = undefined;
    }
  }

  maintain(): void {
    if (this.#closing.signal.aborted || this.#building !== undefined) return;
    if (this.#options.clock.monotonicMs() < this.#retryAtMs || !this.#isBuildWanted()) return;
    this.#building = this.#build()
      .then(() => {
        this.#buildError = undefined;
      })
      .catch((error: unknown) => this.#reportFailure(error))
      .finally(() => {
        this.#building = undefined;
        this.#isRunning = false;
        this.maintain();
      });
  }

  async settled(): Promise<void> {
    this.maintain();
    while (this.#building !== undefined) await this.#building;
  }

  stats(): VectorIndexStats {
    const rowBytes = this.#vectors.memoryBytes;
    const graphBytes = this.#segments.memoryBytes;
    return {
      vectors: this.#vectors.count,
      indexedVectors: this.#vectors.sealedVectors,
      segments: this.#segments.size,
      segmentVectors: Array.from(this.#segments, ({ live }) => live),
      rowBytes,
      graphBytes,
      memoryBytes: rowBytes + graphBytes,
      build: this.#buildState(),
      building: this.#building !== undefined,
      ...(this.#buildError !== undefined && { buildError: this.#buildError }),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(new TributaryError('cancelled', 'the index is closed'));
    await this.#building;
    await this.#loading?.catch(() => {});
    for (const segment of this.#segments) this.#segments.remove(segment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #prefersGraphs(search: IndexSearch): boolean {
    const vectors = this.#vectors;
    if (search.exact || this.#loading !== undefined || search.limit === 0) return false;
    const codes = candidateLimit(vectors, search, vectors.rowCount)?.codes.kind;
    return isGraphCheaper({
      size: this.#params.size,
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
    if (!search.indexedOnly) {
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
    const rows = { from: 0, to: search.indexedOnly ? vectors.sealedCount : vectors.rowCount };
    if (accept === undefined) scan.range(rows);
    else if (acceptedCount(search) < rows.to) scan.set(accept, rows);
    else scan.rangeIn(rows, accept);
  }

  #newTop(search: IndexSearch): TopK {
    const { limit, scoreThreshold, tieOrder } = search;
    return new TopK(limit, scoreBound(this.#params.distance, scoreThreshold), tieOrder);
  }

  #plan(): BuildPlan<HnswSegment> {
    return planBuild([...this.#segments], this.#vectors.tailVectors, this.#options);
  }

  #isBuildWanted(): boolean {
    if (this.#loading !== undefined) return false;
    if (this.#params.m === 0 || !hasGraph(this.#params.distance)) return false;
    return this.#plan().kind !== 'none';
  }

  #buildState(): BuildState {
    if (this.#building !== undefined) return this.#isRunning ? 'running' : 'queued';
    return this.#isBuildWanted() ? 'wanted' : 'idle';
  }

  async #build(): Promise<void> {
    const { builder, clock, folder, logger } = this.#options;
    const context = this.#buildContext();
    await builder.build(async (run) => {
      this.#isRunning = true;
      const plan = this.#plan();
      if (plan.kind === 'none') return;
      if (plan.kind === 'dissolve') {
        dissolveSegment(context, plan.segment);
        await this.#removeFiles([plan.segment]);
        return;
      }
      const { base, absorbed } = plan;
      const number = this.#nextNumber++;
      const startedMs = clock.monotonicMs();
      const built = await buildSegment(context, { number, base, absorbed }, run);
      const tookMs = Math.round(clock.monotonicMs() - startedMs);
      logger.info({ folder, number, ...built, tookMs }, 'segment built');
      await this.#removeFiles(base === undefined ? absorbed : [base, ...absorbed]);
    }, context.signal);
  }

  /** What stays behind is found dead, and removed, when the segments are loaded again. */
  async #removeFiles(segments: readonly HnswSegment[]): Promise<void> {
    const { folder, logger } = this.#options;
    for (const { number } of segments) {
      await removeSegment(folder, number).catch((error: unknown) =>
        logger.warn({ folder, number, error }, 'files of a replaced segment stay behind'),
      );
    }
  }

  #buildContext(): BuildContext {
    const { folder, identify } = this.#options;
    return {
      folder,
      identify,
      params: this.#params,
      vectors: this.#vectors,
      segments: this.#segments,
      signal: this.#closing.signal,
    };
  }

  #reportFailure(error: unknown): void {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    const { clock, folder, logger } = this.#options;
    this.#retryAtMs = clock.monotonicMs() + RETRY_AFTER_MS;
    this.#buildError = messageOf(error);
    // Also where nobody writes.
    clock.sleep(RETRY_AFTER_MS, signal).then(
      () => {
        this.#retryAtMs = Number.NEGATIVE_INFINITY;
        this.maintain();
      },
      () => {},
    );
    logger.warn({ folder, error, retryInMs: RETRY_AFTER_MS }, 'a segment could not be built');
  }

  #checkVector(vector: Float32Array): void {
    const { size } = this.#params;
    if (vector.length !== size) {
      throw new TributaryError('wrong_input', `expected dimension ${size}, got ${vector.length}`);
    }
    if (!isFinite32(vector)) {
      throw new TributaryError('wrong_input', 'a vector has finite values only');
    }
  }

  #assertOpen(): void {
    assert(!this.#closing.signal.aborted, 'a closed index is not used');
  }
}
