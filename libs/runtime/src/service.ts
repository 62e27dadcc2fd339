// A service runs until its signal aborts. Failures that may pass are tried again after a growing back-off;
// anything else ends the loop and surfaces.

import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import { TributaryError } from './error.ts';
import type { Logger } from './logger.ts';
import type { Random } from './random.ts';

export interface ServiceLoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** First back-off in milliseconds; doubles up to `backoffMaxMs`. */
  readonly backoffMinMs?: number;
  readonly backoffMaxMs?: number;
  /** A run that lasted this long resets the back-off. */
  readonly healthyAfterMs?: number;
  /** Whether a failure may pass; default every `TributaryError` that is not `corrupt`. */
  readonly isTransient?: (error: unknown) => boolean;
}

/** Runs `body` again and again until the signal aborts or an error is not transient; then returns or throws it. */
export async function runServiceLoop(
  body: (signal: AbortSignal) => Promise<void>,
  options: ServiceLoopOptions,
): Promise<void> {
  const { signal } = options;
  while (!signal.aborted) {
    try {
      await retryUntilDone(body, options);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Runs `body` until it succeeds. Throws what is not transient, and the signal's reason once it aborts. */
export async function retryUntilDone<T>(
  body: (signal: AbortSignal) => Promise<T>,
  options: ServiceLoopOptions,
): Promise<T> {
  const { clock, random, logger, signal, name } = options;
  const range = { minMs: options.backoffMinMs ?? 50, maxMs: options.backoffMaxMs ?? 2_000 };
  const isTransient = options.isTransient ?? isTransientByCode;
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    const startedMs = clock.monotonicMs();
    try {
      return await body(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error)) throw error;
      if (clock.monotonicMs() - startedMs > (options.healthyAfterMs ?? 10_000)) failures = 0;
      failures++;
      const retryInMs = Math.round(backoffMs(range, failures, random));
      logger.warn({ service: name, error, retryInMs }, 'service loop failed');
      await clock.sleep(retryInMs, signal);
    }
  }
}

function isTransientByCode(error: unknown): boolean {
  return error instanceof TributaryError && error.code !== 'corrupt';
}
