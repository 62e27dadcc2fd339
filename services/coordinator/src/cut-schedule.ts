// When a collection is due for a cut: some time after the first write that no cut covers, or once the log has grown by
// some size since. Pure: its input is what replicas report and how large logs are.

import type { CollectionId } from '@tributary/model';
import type { AppliedReport } from '@tributary/wire';

export interface CutScheduleOptions {
  readonly intervalMs: number;
  /** Growth of a collection's log, in bytes. */
  readonly growthBytes: number;
}

interface Progress {
  applied: number;
  cut: number;
  /** When it was first seen that something is applied that no cut covers; undefined while the last cut covers all. */
  uncutSinceMs: number | undefined;
  bytesAtCut: number | undefined;
}

export class CutSchedule {
  readonly #options: CutScheduleOptions;
  readonly #collections = new Map<CollectionId, Progress>();

  constructor(options: CutScheduleOptions) {
    this.#options = options;
  }

  take({ replicas }: AppliedReport, nowMs: number): void {
    for (const { collection, appliedSequence, cut } of replicas) {
      const progress = this.#progressOf(collection);
      progress.applied = Math.max(progress.applied, appliedSequence);
      this.#raiseCut(progress, cut?.sequence ?? 0);
      if (progress.applied > progress.cut) progress.uncutSinceMs ??= nowMs;
    }
  }

  /** A cut of the collection stands at this sequence of its log. */
  noteCut(collection: CollectionId, at: number): void {
    this.#raiseCut(this.#progressOf(collection), at);
  }

  /** Collections with something that no cut covers: whose logs may have grown. */
  get uncut(): readonly CollectionId[] {
    return [...this.#collections]
      .filter(([, { uncutSinceMs }]) => uncutSinceMs !== undefined)
      .map(([collection]) => collection);
  }

  /** Whether a cut is due; `logBytes` is the size of the log now. */
  isDue(collection: CollectionId, logBytes: number, nowMs: number): boolean {
    const progress = this.#progressOf(collection);
    progress.bytesAtCut ??= logBytes;
    if (progress.uncutSinceMs === undefined) return false;
    const { intervalMs, growthBytes } = this.#options;
    const hasGrown = logBytes - progress.bytesAtCut >= growthBytes;
    return hasGrown || nowMs - progress.uncutSinceMs >= intervalMs;
  }

  retain(collections: ReadonlySet<CollectionId>): void {
    for (const id of this.#collections.keys()) {
      if (!collections.has(id)) this.#collections.delete(id);
    }
  }

  #raiseCut(progress: Progress, at: number): void {
    if (at <= progress.cut) return;
    progress.cut = at;
    // Learnt again at the next look, when what was written meanwhile counts as growth only if it lies after that.
    progress.bytesAtCut = undefined;
    if (progress.applied <= at) progress.uncutSinceMs = undefined;
  }

  #progressOf(collection: CollectionId): Progress {
    const present = this.#collections.get(collection);
    if (present !== undefined) return present;
    const made = { applied: 0, cut: 0, uncutSinceMs: undefined, bytesAtCut: undefined };
    this.#collections.set(collection, made);
    return made;
  }
}
