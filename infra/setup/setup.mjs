// Makes a fresh clone ready to run, and says what it does, one line a step. Plain JavaScript on any Node from 18 on: it
// runs before anything is installed, also before the Node that the project runs on. Whatever is there already is left
// alone; a stamp remembers the last complete set-up, so that the next start costs a few milliseconds.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  checkTools,
  cpuFlags,
  dependenciesInstalled,
  installDependencies,
} from './dependencies.mjs';
import { findNatsServer, provideNatsServer } from './nats-server.mjs';
import { SetupError, step } from './report.mjs';
import { readStamp, stampKey, writeStamp } from './stamp.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const KEPT = ['node_modules/.package-lock.json', 'node_modules/.bin/node'];

function isComplete(stamp, key) {
  if (stamp === undefined || stamp.key !== key) return false;
  if (!KEPT.every((file) => existsSync(path.join(root, file)))) return false;
  const override = process.env.NATS_SERVER;
  if (override && path.resolve(override) !== stamp.natsServer) return false;
  return existsSync(stamp.natsServer);
}

async function setUp() {
  const key = stampKey(root, cpuFlags());
  if (isComplete(readStamp(root), key)) return;
  await step('tools', () => checkTools(root));
  if (dependenciesInstalled(root)) {
    await step('dependencies', () => 'installed already');
  } else {
    await step('dependencies', (progress) => installDependencies(root, progress));
  }
  const found = findNatsServer(root);
  const natsServer = await step('nats-server', async (progress) => {
    const server = found ?? (await provideNatsServer(root, progress));
    return { detail: `${server.version} at ${server.path}`, value: server.path };
  });
  writeStamp(root, { key, natsServer });
}

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
