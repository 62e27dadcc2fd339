// Puts the heartbeat's way to the other peers together: a connection to NATS of its own.

import { connectNats, NatsAppliedReports } from '@tributary/nats';
import type { AppliedReports } from '@tributary/replica-api';
import { createLogger, type LogLevel, systemClock } from '@tributary/runtime';

/** Travels to the thread as its `workerData`. */
export interface HeartbeatSettings {
  readonly peer: number;
  readonly natsUrls: readonly string[];
  readonly logLevel: LogLevel;
  /** When the main thread last turned; see `main-thread-turns.ts`. */
  readonly turns: SharedArrayBuffer;
}

/** Resolves once a nats-server answers, however long that takes. */
export async function createHeartbeatReports({
  peer,
  natsUrls,
  logLevel,
}: HeartbeatSettings): Promise<AppliedReports> {
  const connection = await connectNats({
    urls: natsUrls,
    name: `tributary heartbeat ${peer}`,
    logger: createLogger({ level: logLevel, fields: { peer, part: 'heartbeat' } }),
    clock: systemClock,
    connectForMs: Number.POSITIVE_INFINITY,
  });
  return new NatsAppliedReports(connection);
}
