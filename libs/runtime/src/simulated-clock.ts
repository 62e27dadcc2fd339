// A clock that stands still until it is advanced. For tests and simulations.
//
// Invariant: sleepers wake in the order of their due times, and at equal times in the order they went to sleep.

import { type Clock, sleepOn } from './clock.ts';

interface Sleeper {
  readonly dueMs: number;
  wake(): void;
}

export class SimulatedClock implements Clock {
  readonly #epochMs: number;
  #elapsedMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** `epochMs` is what `nowMs` starts from. */
  constructor(epochMs = 1_700_000_000_000) {
    this.#epochMs = epochMs;
  }

  nowMs(): number {
    return Math.floor(this.#epochMs + this.#elapsedMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  startTimer(ms: number, action: () => void): Disposable {
    const sleeper: Sleeper = { dueMs: this.#elapsedMs + Math.max(0, ms), wake: action };
    this.#sleepers.add(sleeper);
    return { [Symbol.dispose]: () => void this.#sleepers.delete(sleeper) };
  }

  /** Milliseconds until the next sleeper is due; undefined where no one sleeps. */
  get nextDueMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.dueMs - this.#elapsedMs;
  }

  /** Lets `ms` pass: wakes each sleeper at its time and lets what it does come to rest before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (next.dueMs > untilMs) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#elapsedMs = untilMs;
  }

  #next(): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (next === undefined || sleeper.dueMs < next.dueMs) next = sleeper;
    }
    return next;
  }
}

/** Resolves when every promise that could go on without time passing has gone on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
