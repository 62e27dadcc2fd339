// A deadline is a signal: it aborts when the time is up or when the caller's own signal does, whichever comes first.

import type { Clock } from './clock.ts';
import { TributaryError } from './error.ts';

export interface Deadline extends Disposable {
  /** Its reason is a `timeout` TributaryError, or the reason of the parent. */
  readonly signal: AbortSignal;
}

/**
 * Aborts `timeoutMs` from now. Dispose of it when the work is done, or the timer lives on until it is due:
 * `using deadline = startDeadline(clock, 10_000, parent, 'search')`.
 */
export function startDeadline(
  clock: Clock,
  timeoutMs: number,
  parent?: AbortSignal,
  what = 'the call',
): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  if (parent?.aborted) {
    controller.abort(parent.reason);
    return { signal, [Symbol.dispose]: () => {} };
  }
  const stop = () => {
    timer[Symbol.dispose]();
    parent?.removeEventListener('abort', onParentAbort);
  };
  const onParentAbort = () => {
    stop();
    controller.abort(parent?.reason);
  };
  // A timer of its own, and no `sleep` ended by a signal: that cost every read an exception of some 10 µs.
  const timer = clock.startTimer(timeoutMs, () => {
    stop();
    controller.abort(new TributaryError('timeout', `${what} took longer than ${timeoutMs} ms`));
  });
  parent?.addEventListener('abort', onParentAbort, { once: true });
  return { signal, [Symbol.dispose]: stop };
}
