// Work under a deadline that holds even where the work does not heed its signal.

import { type Clock, startDeadline } from '@tributary/runtime';

/** Errors: the work's; `timeout` when it is not done after `timeoutMs`. */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = startDeadline(clock, timeoutMs, undefined, what);
  const { signal } = deadline;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  work(signal).then(resolve, reject);
  return await promise;
}
