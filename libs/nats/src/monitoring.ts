// Questions to the monitoring port of a nats-server.

import { type Clock, startDeadline } from '@tributary/runtime';

const TIMEOUT_MS = 1_000;

/** The answer's JSON, or undefined where the server does not answer in time or not with success. */
export async function askMonitoring(
  clock: Clock,
  url: string,
): Promise<{ readonly json: unknown } | undefined> {
  using deadline = startDeadline(clock, TIMEOUT_MS, undefined, 'monitoring');
  try {
    const answer = await fetch(url, { signal: deadline.signal });
    const json: unknown = await answer.json();
    return answer.ok ? { json } : undefined;
  } catch {
    return undefined;
  }
}
