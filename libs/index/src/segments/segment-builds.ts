// The builds of one index: when the next is due, the one under way, and what became of the last.
//
//   idle ──maintain──► queued ──turn──► rows held, thread builds ──► segment read ──► in use ──► idle
//     ▲                  │                    │                         │
//     └──── cancelled, failed: rows released, tail as before, tried again 10 s later ◄──┘
//
// What is left of a load is built once no vector has come for a while (see build-plan.ts).
//
// Invariant: one build at a time, and none while the segments of the folder are loaded.

import type { PointId, PointOffset } from '@tributary/model';
import {
  assert,
  type Clock,
  type Logger,
  messageOf,
  pause,
  TributaryError,
} from '@tributary/runtime';
import type { FlatVectors } from '../rows/flat-vectors.ts';
import type {
  BuildState,
  GraphBuild,
  GraphSettings,
  LoadedSegments,
  VectorIndexOptions,
} from '../vector-index.ts';
import { BuildHistory } from './build-history.ts';
import { type BuildPlan, planBuild, restMs } from './build-plan.ts';
import type { HnswSegment } from './hnsw-segment.ts';
import { type GraphParams, hasGraph, isSameGraph } from './native-graph.ts';
import { type BuildContext, buildSegment, dissolveSegment } from './segment-build.ts';
import type { SegmentBuilder } from './segment-builder.ts';
import { removeSegment } from './segment-file.ts';
import { matchSegments } from './segment-match.ts';
import type { SegmentSet } from './segment-set.ts';

/** After a failed build (a full disk, say) the next one waits. */
const RETRY_AFTER_MS = 10_000;
/** A tail that is enough for a graph by itself waits for rest so many times, then no longer. */
const RESTS_MAX = 10;

export interface SegmentBuildsOptions extends VectorIndexOptions {
  readonly builder: SegmentBuilder;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SegmentBuilds {
  readonly #options: SegmentBuildsOptions;
  readonly #vectors: FlatVectors;
  readonly #segments: SegmentSet;
  readonly #closing = new AbortController();
  #settings: GraphSettings;
  #params: GraphParams;
  #nextNumber: number;
  #building: Promise<void> | undefined;
  /** Its turn has come. */
  readonly #history: BuildHistory;
  #isRunning = false;
  #error: string | undefined;
  #loading: Promise<LoadedSegments> | undefined;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  /** Vectors added so far, which distinguishes rest from a load. */
  #added = 0;
  #isAtRest = false;
  #isAwaitingRest = false;

  /** `nextNumber` is above the number of every segment in the folder. */
  constructor(
    options: SegmentBuildsOptions,
    vectors: FlatVectors,
    segments: SegmentSet,
    nextNumber: number,
  ) {
    const { size, distance, m, efConstruct } = options;
    this.#options = options;
    this.#vectors = vectors;
    this.#segments = segments;
    this.#settings = options;
    this.#params = { size, distance, m, efConstruct };
    this.#nextNumber = nextNumber;
    this.#history = new BuildHistory(options.clock);
  }

  get settings(): GraphSettings {
    return this.#settings;
  }

  /** Whether vectors of this distance and these settings ever have a graph. */
  get areWanted(): boolean {
    return this.#params.m > 0 && hasGraph(this.#params.distance);
  }

  get isLoading(): boolean {
    return this.#loading !== undefined;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** A build is under way or waits for its turn. */
  get isBuilding(): boolean {
    return this.#building !== undefined;
  }

  /** Why the last build failed; undefined once one succeeds. */
  get error(): string | undefined {
    return this.#error;
  }

  get builds(): readonly GraphBuild[] {
    return this.#history.builds;
  }

  get state(): BuildState {
    if (this.#building !== undefined) return this.#isRunning ? 'running' : 'queued';
    return this.#isDue() || this.#isTailLarge() ? 'wanted' : 'idle';
  }

  noteAdded(): void {
    this.#added++;
    this.#isAtRest = false;
  }

  configure(settings: GraphSettings): void {
    this.#settings = settings;
    this.#params = { ...this.#params, m: settings.m, efConstruct: settings.efConstruct };
    this.maintain();
  }

  async load(resolve: (id: PointId) => PointOffset | undefined): Promise<LoadedSegments> {
    assert(this.#building === undefined, 'segments are loaded before any is built');
    assert(this.#loading === undefined, 'segments are loaded once at a time');
    this.#loading = matchSegments({ ...this.#buildContext(), resolve });
    try {
      return await this.#loading;
    } finally {
      this.#loading = undefined;
    }
  }

  /** Starts what is due; cheap to call often. */
  maintain(): void {
    if (this.isClosed || this.#building !== undefined) return;
    if (this.#options.clock.monotonicMs() < this.#retryAtMs) return;
    if (!this.#isDue()) {
      if (this.#isTailWorthAGraph() && !this.#isAwaitingRest) void this.#awaitRest();
      return;
    }
    this.#building = this.#build()
      .then(() => {
        this.#error = undefined;
        this.#history.end();
      })
      .catch((error: unknown) => this.#reportFailure(error))
      .finally(() => {
        this.#building = undefined;
        this.#isRunning = false;
        this.maintain();
      });
  }

  /** Resolves when nothing is being built and nothing is due. */
  async settled(): Promise<void> {
    this.maintain();
    while (this.#building !== undefined) await this.#building;
  }

  /** Ends what is under way; idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new TributaryError('cancelled', 'the index is closed'));
    await this.#building;
    await this.#loading?.catch(() => {});
  }

  #isDue(): boolean {
    return this.#loading === undefined && this.#plan().kind !== 'none';
  }

  #plan(): BuildPlan<HnswSegment> {
    const segments = [...this.#segments];
    if (!this.areWanted) {
      const [segment] = segments;
      return segment === undefined ? { kind: 'none' } : { kind: 'dissolve', segment };
    }
    return planBuild(segments, this.#vectors.tailVectors, {
      ...this.#settings,
      isAtRest: this.#isAtRest,
      isOutdated: ({ params }) => !isSameGraph(params, this.#params),
    });
  }

  /** Whether all vectors are enough for a graph, and there are some that none covers. */
  #isTailWorthAGraph(): boolean {
    const { count, tailVectors } = this.#vectors;
    return this.areWanted && tailVectors > 0 && count >= this.#settings.graphVectorsMin;
  }

  #isTailLarge(): boolean {
    const { tailVectors } = this.#vectors;
    return this.#isTailWorthAGraph() && tailVectors >= this.#settings.graphVectorsMin;
  }

  async #awaitRest(): Promise<void> {
    const { clock, size } = this.#options;
    const { signal } = this.#closing;
    this.#isAwaitingRest = true;
    for (let rests = 1; !signal.aborted; rests++) {
      const added = this.#added;
      await pause(clock, restMs([...this.#segments], size), signal);
      if (this.#added === added || (this.#isTailLarge() && rests >= RESTS_MAX)) break;
    }
    this.#isAwaitingRest = false;
    this.#isAtRest = true;
    this.maintain();
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
      const replaced = base === undefined ? absorbed : [base, ...absorbed];
      const { tailVectors } = this.#vectors;
      this.#history.begin(replaced.reduce((sum, { live }) => sum + live, tailVectors));
      const startedMs = clock.monotonicMs();
      const built = await buildSegment(context, { number, base, absorbed }, run);
      const tookMs = Math.round(clock.monotonicMs() - startedMs);
      logger.info({ folder, number, ...built, tookMs }, 'segment built');
      await this.#removeFiles(replaced);
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
    this.#error = messageOf(error);
    this.#history.end(this.#error);
    // Also where there are no writes.
    clock.sleep(RETRY_AFTER_MS, signal).then(
      () => {
        this.#retryAtMs = Number.NEGATIVE_INFINITY;
        this.maintain();
      },
      () => {},
    );
    logger.warn({ folder, error, retryInMs: RETRY_AFTER_MS }, 'a segment could not be built');
  }
}
