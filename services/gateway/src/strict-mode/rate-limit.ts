// So many a minute: a bucket of tokens that is full at first and fills at an even pace.
//
// Invariant: over any time t in minutes no more than (1 + t) times the limit is taken.

import type { Clock } from '@tributary/runtime';

const MINUTE_MS = 60_000;

export class RateLimit {
  readonly perMinute: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledMs: number;

  constructor(perMinute: number, clock: Clock) {
    this.perMinute = perMinute;
    this.#clock = clock;
    this.#tokens = perMinute;
    this.#filledMs = clock.monotonicMs();
  }

  /** Takes `cost` tokens and returns 0; or takes none and returns after how many milliseconds there will be enough. */
  take(cost: number): number {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#filledMs) * this.perMinute) / MINUTE_MS;
    this.#tokens = Math.min(this.perMinute, this.#tokens + gained);
    this.#filledMs = nowMs;
    if (cost > this.#tokens) {
      return cost > this.perMinute
        ? Number.POSITIVE_INFINITY
        : ((cost - this.#tokens) * MINUTE_MS) / this.perMinute;
    }
    this.#tokens -= cost;
    return 0;
  }
}
