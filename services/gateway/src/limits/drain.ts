// When a gateway that takes no new connections may close those it has: when the servers say that all is answered, when
// nothing was being answered for a second, or when time is up. A server waits for every request that was begun; one
// that was sent by half when the drain began, and never goes on, would make each shutdown last the whole time.

import { type Clock, pause, startDeadline } from '@tributary/runtime';

export interface DrainOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Of requests being answered, and of answers being taken: 0 when there are none. */
  readonly inFlight: () => number;
  /** Each resolves when its connections are gone. */
  readonly servers: readonly Promise<void>[];
}

/** An answer may still be on its way to the client, and a request on its way here. */
const QUIET_MS = 1_000;
const POLL_MS = 50;

export async function drain({ clock, timeoutMs, inFlight, servers }: DrainOptions): Promise<void> {
  using deadline = startDeadline(clock, timeoutMs, undefined, 'draining');
  const over = new AbortController();
  const quiet = async () => {
    const signal = AbortSignal.any([deadline.signal, over.signal]);
    let sinceMs = clock.monotonicMs();
    while (!signal.aborted && clock.monotonicMs() - sinceMs < QUIET_MS) {
      await pause(clock, POLL_MS, signal);
      if (inFlight() > 0) sinceMs = clock.monotonicMs();
    }
  };
  await Promise.race([Promise.all(servers), quiet()]);
  over.abort();
}
