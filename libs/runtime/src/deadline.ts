// A deadline is a signal: it aborts when the time is up or when the caller's own signal does, whichever comes first.

import type { Clock } from './clock.ts';
import { TributaryError } from './error.ts';

export interface Deadline extends Disposable {
  /** Its reason is a `timeout` TributaryError, or the reason of the parent. */
  readonly signal: AbortSignal;
}

/** Without a reason given, every stop would make an exception and its stack trace. */
const STOPPED = new TributaryError('cancelled', 'the deadline is no longer needed');

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
  const timer = new AbortController();
  const onParentAbort = () => {
    timer.abort(STOPPED);
    controller.abort(parent?.reason);
  };
  const stop = () => {
    timer.abort(STOPPED);
    parent?.removeEventListener('abort', onParentAbort);
  };
  if (parent?.aborted) {
    controller.abort(parent.reason);
  } else {
    parent?.addEventListener('abort', onParentAbort, { once: true });
    clock.sleep(timeoutMs, timer.signal).then(
      () => {
        stop();
        controller.abort(new TributaryError('timeout', `${what} took longer than ${timeoutMs} ms`));
      },
      // The timer was stopped: the deadline is no longer needed.
      () => {},
    );
  }
  return { signal: controller.signal, [Symbol.dispose]: stop };
}
