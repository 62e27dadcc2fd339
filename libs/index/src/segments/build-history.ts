// When graphs were built, over how many vectors and with what outcome: the newest builds of an index, for people to
// see.

import type { Clock } from '@tributary/runtime';
import type { GraphBuild } from '../vector-index.ts';

const KEPT_MAX = 16;

export class BuildHistory {
  readonly #clock: Clock;
  /** The newest first. */
  #builds: GraphBuild[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest first; one that is under way has no end. */
  get builds(): readonly GraphBuild[] {
    return this.#builds;
  }

  begin(vectors: number): void {
    this.#builds.unshift({ startedMs: this.#clock.nowMs(), vectors });
    this.#builds.splice(KEPT_MAX);
  }

  /** Ends the one under way, where there is one; without an error it succeeded. */
  end(error?: string): void {
    const [last, ...others] = this.#builds;
    if (last === undefined || last.endedMs !== undefined) return;
    const endedMs = this.#clock.nowMs();
    this.#builds = [{ ...last, endedMs, ...(error !== undefined && { error }) }, ...others];
  }
}
