// Reports that this peer lives, from a thread and a connection to NATS of its own, with how long the main thread has
// not turned. Without it a peer that makes a large answer, or collects garbage, would be Dead to the others.
//
// The probes stay on the main port: a thread of their own would say that a peer is well that answers no one.
//
// Invariant: where the main thread is cut off from the log the thread reports nothing, even if its own connection
// does.

import { Worker } from 'node:worker_threads';
import type { PeerId } from '@tributary/model';
import { type Clock, type Logger, type LogLevel, pause } from '@tributary/runtime';
import type { HeartbeatSettings } from './create-heartbeat-reports.ts';
import { createTurns, noteTurn } from './main-thread-turns.ts';

export interface HeartbeatOptions {
  readonly peer: PeerId;
  /** Of the main thread. */
  readonly connection: { readonly isConnected: boolean };
  readonly natsUrls: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logLevel: LogLevel;
}

/** Four times as often as it is reported. */
const NOTE_MS = 100;
const RESTART_AFTER_MS = 1_000;

/** Reports until the signal aborts. A thread that fails is started again; meanwhile the replicas' reports tell. */
export async function runHeartbeat(options: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const { connection, clock, logger } = options;
  const turns = createTurns();
  let thread: Worker | undefined;
  let nextStartMs = clock.monotonicMs();
  while (!signal.aborted) {
    noteTurn(turns, connection.isConnected);
    if (thread === undefined && clock.monotonicMs() >= nextStartMs) {
      const started = startThread(options, turns);
      thread = started;
      started.once('error', (error) => logger.error({ error }, 'the heartbeat failed'));
      started.once('exit', () => {
        thread = undefined;
        nextStartMs = clock.monotonicMs() + RESTART_AFTER_MS;
      });
    }
    await pause(clock, NOTE_MS, signal);
  }
  noteTurn(turns, false);
  await thread?.terminate();
}

function startThread(
  { peer, natsUrls, logLevel }: HeartbeatOptions,
  turns: SharedArrayBuffer,
): Worker {
  const settings: HeartbeatSettings = { peer, natsUrls, logLevel, turns };
  return new Worker(new URL('./heartbeat-thread.ts', import.meta.url), {
    workerData: settings,
    name: 'heartbeat',
  });
}
