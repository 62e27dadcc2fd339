// Time as an input. Production code takes a `Clock`; only this file and tests touch the ambient one.

/** A longer time makes a timer of Node due at once; 25 days. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface Clock {
  /** Whole milliseconds since the Unix epoch; may jump. */
  nowMs(): number;
  /** Milliseconds from an arbitrary origin; never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`, 25 days at most; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `action` once after `ms`, 25 days at most, unless the timer is disposed of before. Costs less than a `sleep`
   * that is ended.
   */
  startTimer(ms: number, action: () => void): Disposable;
}

/** A sleep that only ends early where the signal aborts: for loops that look at the signal next. */
export async function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => {});
}

/** The `sleep` of a clock, by its timers. */
export function sleepOn(
  clock: Pick<Clock, 'startTimer'>,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = clock.startTimer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
  startTimer: (ms, action) => setTimeout(action, Math.min(ms, TIMER_MS_MAX)),
};
