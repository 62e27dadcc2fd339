// The program: one peer. Ends with 0 after SIGTERM or SIGINT, with 1 and one line where it cannot start or go on.

import {
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
  const peer = await createPeer({
    configuration,
    clock: systemClock,
    random: systemRandom,
    logger,
    logLevel,
  });
  const { id, httpPort, grpcPort, p2pPort } = peer;
  logger.info({ peer: id, httpPort, grpcPort, p2pPort }, 'serving');
  await Promise.race([stopSignal(), peer.failed]);
  logger.info({ peer: id }, 'stopping');
  await peer.close();
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (isStopping) process.exit(1);
        isStopping = true;
        resolve();
      });
    }
  });
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
