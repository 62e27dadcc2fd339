// The time of one simulated process, or of a thread of it.
//
//   running ◄──pause, resume──► paused: time goes on, but nothing happens; what fell due does at the resume
//      └──────────kill──────────────┴──► gone: no timer fires, and what the process waits for never comes

import { type Clock, sleepOn } from '@tributary/runtime';

interface Due {
  readonly action: () => void;
  isOver: boolean;
}

export class ProcessClock implements Clock {
  readonly #parent: Clock | ProcessClock;
  readonly #killed = new AbortController();
  readonly #timers = new Set<Disposable>();
  #overdue: Due[] = [];
  #resumed: PromiseWithResolvers<void> | undefined;

  /** A thread stands on the clock of its process. */
  constructor(parent: Clock | ProcessClock) {
    this.#parent = parent;
  }

  nowMs(): number {
    return this.#parent.nowMs();
  }

  monotonicMs(): number {
    return this.#parent.monotonicMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  startTimer(ms: number, action: () => void): Disposable {
    if (this.isGone) return { [Symbol.dispose]: () => {} };
    const due: Due = { action, isOver: false };
    const timer = this.#parent.startTimer(ms, () => {
      this.#timers.delete(timer);
      if (this.#resumed === undefined) this.#perform(due);
      else this.#overdue.push(due);
    });
    this.#timers.add(timer);
    return {
      [Symbol.dispose]: () => {
        due.isOver = true;
        this.#timers.delete(timer);
        timer[Symbol.dispose]();
      },
    };
  }

  /** Resolves once the process runs; never once it is gone. To be awaited before anything reaches it. */
  async awake(): Promise<void> {
    if (this.#parent instanceof ProcessClock) await this.#parent.awake();
    while (this.#resumed !== undefined) await this.#resumed.promise;
    if (this.isGone) await new Promise(() => {});
  }

  get isPaused(): boolean {
    return this.#resumed !== undefined;
  }

  get isGone(): boolean {
    return this.#killed.signal.aborted;
  }

  /** Aborts at the kill, for those who talk to the process. */
  get killed(): AbortSignal {
    return this.#killed.signal;
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers<void>();
  }

  resume(): void {
    const resumed = this.#resumed;
    if (resumed === undefined || this.isGone) return;
    this.#resumed = undefined;
    // Timers come first, and then what has come in meanwhile.
    for (const due of this.#overdue.splice(0)) this.#perform(due);
    resumed.resolve();
  }

  kill(reason: Error): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
    this.#overdue = [];
    this.#killed.abort(reason);
  }

  #perform(due: Due): void {
    if (due.isOver || this.isGone) return;
    due.isOver = true;
    due.action();
  }
}
