// The program: one peer. Ends with 0 after SIGTERM or SIGINT, also while it starts; with 1 and one line where it cannot
// start or go on.

import {
  abortable,
  createLogger,
  type LogLevel,
  systemClock,
  systemRandom,
  TributaryError,
} from '@tributary/runtime';
import { parseCommandLine, USAGE } from './command-line.ts';
import { loadConfiguration, type PeerConfiguration } from './configuration.ts';
import { createPeer } from './create-peer.ts';

const LOG_LEVELS: Readonly<Record<PeerConfiguration['log_level'], LogLevel>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  OFF: 'silent',
};

const FAILED_CLOSES_WITHIN_MS = 15_000;

async function main(): Promise<void> {
  const { help, file, flags } = parseCommandLine(process.argv.slice(2));
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const configuration = loadConfiguration({
    environment: process.env,
    flags,
    ...(file === undefined ? {} : { file }),
  });
  const logLevel = LOG_LEVELS[configuration.log_level];
  const logger = createLogger({ level: logLevel });
  const signal = stopSignal();
  const options = { configuration, clock: systemClock, random: systemRandom, logger, logLevel };
  const peer = await createPeer({ ...options, signal }).catch((error) => {
    if (!signal.aborted) throw error;
  });
  if (peer === undefined) return;
  const { id, httpPort, grpcPort, p2pPort } = peer;
  logger.info({ peer: id, httpPort, grpcPort, p2pPort }, 'serving');
  try {
    await abortable(peer.failed, signal);
  } catch (error) {
    logger.info({ peer: id }, 'stopping');
    if (signal.aborted) return await peer.close();
    // What has failed may keep the rest from ending.
    await Promise.race([peer.close(), systemClock.sleep(FAILED_CLOSES_WITHIN_MS)]).catch(() => {});
    throw error;
  }
}

/** Aborts at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort(new TributaryError('cancelled', `stopped by ${name}`));
    });
  }
  return stop.signal;
}

try {
  await main();
  // Sockets of clients that keep their connection open must not keep the process.
  process.exit(0);
} catch (error) {
  const isExpected = error instanceof TributaryError && error.code !== 'internal';
  const text = isExpected ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`tributary: ${text}\n`);
  process.exit(1);
}
