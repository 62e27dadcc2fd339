// The program: one peer. Ends with 0 after SIGTERM or SIGINT, also while it starts; with 1 and one line where it cannot
// start or go on.

import { flushCompileCache } from 'node:module';
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
import { VERSION_LINE } from './version.ts';

const LOG_LEVELS: Readonly<Record<PeerConfiguration['log_level'], LogLevel>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  OFF: 'silent',
};

const FAILED_CLOSES_WITHIN_MS = 15_000;

async function main(): Promise<void> {
  const { help, version, file, flags } = parseCommandLine(process.argv.slice(2));
  if (help || version) {
    process.stdout.write(help ? USAGE : `${VERSION_LINE}\n`);
    return;
  }
  const { configuration, withoutEffect } = loadConfiguration({
    environment: process.env,
    flags,
    ...(file === undefined ? {} : { file }),
  });
  const logLevel = LOG_LEVELS[configuration.log_level];
  const logger = createLogger({ level: logLevel });
  logger.info({}, VERSION_LINE);
  if (withoutEffect.length > 0) logger.warn({ keys: withoutEffect }, 'keys without effect');
  const signal = stopSignal();
  const options = { configuration, clock: systemClock, random: systemRandom, logger, logLevel };
  const peer = await createPeer({ ...options, signal }).catch((error) => {
    if (!signal.aborted) throw error;
  });
  if (peer === undefined) return logger.info({}, 'stopped');
  const { id, httpPort, grpcPort, p2pPort } = peer;
  logger.info({ peer: id, httpPort, grpcPort, p2pPort }, 'serving');
  // A process that is killed would keep nothing of it.
  flushCompileCache();
  try {
    await abortable(peer.failed, signal);
  } catch (error) {
    logger.info({ peer: id }, 'stopping');
    if (signal.aborted) {
      await peer.close();
      return logger.info({ peer: id }, 'stopped');
    }
    // What has failed may keep the rest from ending.
    await Promise.race([peer.close(), systemClock.sleep(FAILED_CLOSES_WITHIN_MS)]).catch(() => {});
    throw error;
  }
}

/** One Ctrl-C may arrive twice: from the terminal, and from a program in front that passes it on. */
const SAME_SIGNAL_MS = 500;

/** Aborts at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let firstMs = 0;
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) {
        if (systemClock.monotonicMs() - firstMs < SAME_SIGNAL_MS) return;
        process.exit(1);
      }
      firstMs = systemClock.monotonicMs();
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
