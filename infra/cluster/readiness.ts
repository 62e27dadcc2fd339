// Waiting for processes to answer, and looking whether their ports are free.

import { setTimeout as sleep } from 'node:timers/promises';
import { portError } from '@tributary/runtime';
import { HOST, type PortUse } from './layout.ts';
import { LaunchError } from './options.ts';

const POLL_MS = 20;
const BUSY_TOLD_EVERY_MS = 10_000;

export interface ReadinessOptions {
  readonly name: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /**
   * Told now and then what the process answers, as long as that is not 200. Given, only silence counts against the
   * time: a peer that replays a long stream is not ready, and nothing is wrong with it.
   */
  readonly whileBusy?: (answer: string) => void;
  /** How often, in milliseconds; default 10 s. */
  readonly busyToldEveryMs?: number;
}

/** Resolves when `url` answers 200; throws `LaunchError` after `timeoutMs`, with what it answered last. */
export async function untilReady(options: ReadinessOptions): Promise<void> {
  const { name, url, timeoutMs, signal, whileBusy } = options;
  const { busyToldEveryMs = BUSY_TOLD_EVERY_MS } = options;
  let deadline = performance.now() + timeoutMs;
  let toldMs = performance.now();
  let last = 'nothing';
  while (performance.now() < deadline) {
    try {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]),
      });
      const text = await response.text();
      if (response.ok) return;
      last = `${response.status} ${text.trim().slice(0, 200)}`;
      if (whileBusy !== undefined) {
        deadline = performance.now() + timeoutMs;
        if (performance.now() - toldMs >= busyToldEveryMs) {
          toldMs = performance.now();
          whileBusy(last);
        }
      }
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
