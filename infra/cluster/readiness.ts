// Waiting for processes to answer, and looking whether their ports are free.

import { setTimeout as sleep } from 'node:timers/promises';
import { portError } from '@tributary/runtime';
import { HOST, type PortUse } from './layout.ts';
import { LaunchError } from './options.ts';

const POLL_MS = 20;

/** Resolves when `url` answers 200; throws `LaunchError` after `timeoutMs`, with what it answered last. */
export async function untilReady(
  name: string,
  url: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = 'nothing';
  while (performance.now() < deadline) {
    try {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]),
      });
      const text = await response.text();
      if (response.ok) return;
      last = `${response.status} ${text.trim().slice(0, 200)}`;
    } catch (error) {
      if (signal.aborted) throw error;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new LaunchError(`${name} is not ready after ${timeoutMs / 1000} s: ${url} answers ${last}`);
}

/** Throws `LaunchError` naming the first port that something else listens on. */
export async function checkPortsFree(ports: readonly PortUse[]): Promise<void> {
  for (const { port, purpose } of ports) {
    const code = await portError(port, HOST);
    if (code === undefined) continue;
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${code})`;
    throw new LaunchError(
      `port ${port} (${purpose}) ${why}: stop the program that has it, or choose others with --port-base`,
    );
  }
}
