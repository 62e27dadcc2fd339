// Work on META and on streams as a whole under a deadline, with the error that clients know where there is no quorum.

import { type Clock, type ErrorCode, startDeadline, TributaryError } from '@tributary/runtime';

/** What such work fails with when META or the streams have no quorum. */
const NO_CONSENSUS: ReadonlySet<ErrorCode> = new Set(['timeout', 'unavailable', 'unknown_outcome']);

/** Errors: the work's; `internal` without a quorum or when it is not done after `timeoutMs`. */
export async function withinConsensus<T>(
  clock: Clock,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = startDeadline(clock, timeoutMs, undefined, 'the operation');
  try {
    return await work(deadline.signal);
  } catch (error) {
    const reason = TributaryError.from(deadline.signal.aborted ? deadline.signal.reason : error);
    if (!NO_CONSENSUS.has(reason.code)) throw error;
    throw new TributaryError(
      'internal',
      `Waiting for consensus operation commit failed. Timeout set at: ${timeoutMs / 1_000} seconds` +
        ` (${reason.message})`,
      { cause: error },
    );
  }
}
