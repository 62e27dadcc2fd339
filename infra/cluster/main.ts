// The local cluster from one command: brings it up, has the documentation taken in, and ends everything on Ctrl-C.

import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRunningServer } from '@tributary/nats';
import { TributaryError } from '@tributary/runtime';
import { emptyClusterFolder, openClusterFolder, writeClusterIdentity } from './cluster-folder.ts';
import { type ClusterLayout, HOST, layOut, peerPorts, serverPorts } from './layout.ts';
import { LocalCluster } from './local-cluster.ts';
import { type ClusterOptions, LaunchError, parseOptions, USAGE } from './options.ts';
import { type ProcessEntry, ProcessLedger } from './process-ledger.ts';
import { checkPortsFree } from './readiness.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const say = (line: string) => console.log(`cluster  ${line}`);

async function launch(options: ClusterOptions, stop: AbortSignal): Promise<LocalCluster> {
  const startedMs = performance.now();
  const layout = layOut(options);
  const ledger = new ProcessLedger(layout.folder);
  const left = await ledger.endAll(await serversLeft(layout));
  if (left.length > 0) say(`ended what an earlier launcher left running: ${left.join(', ')}`);
  if (options.fresh) {
    const parts = [...layout.servers, ...layout.peers].map(({ name }) => name);
    emptyClusterFolder(layout.folder, [...parts, 'docs', 'logs']);
  }
  writeClusterIdentity(layout.folder, options.peers);
  await checkPortsFree([
    ...layout.peers.flatMap(peerPorts),
    ...layout.servers.flatMap(serverPorts),
  ]);
  const cluster = new LocalCluster({ root, layout, logLevel: options.logLevel, ledger, say });
  running = cluster;
  const count =
    options.peers === 1 ? 'one nats-server and one peer' : 'three nats-servers and three peers';
  say(`starting ${count}, data in ${shown(layout.folder)}`);
  await cluster.start(stop);
  say(`ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return cluster;
}

/** Short where it lies below the current folder. */
function shown(folder: string): string {
  const below = path.relative(process.cwd(), folder);
  return below.startsWith('..') ? folder : below || '.';
}

async function serversLeft(layout: ClusterLayout): Promise<readonly ProcessEntry[]> {
  const found = layout.servers.map(async ({ name, folder }) => {
    const server = await findRunningServer(folder);
    return server === undefined ? [] : [{ name, ...server }];
  });
  return (await Promise.all(found)).flat();
}

/** Runs beside the launcher: training keeps a thread busy for seconds, and Ctrl-C has to be heard. */
function takeInDocs(layout: ClusterLayout, stop: AbortSignal): Promise<boolean> {
  const args = [
    path.join(root, 'services/docs-search/src/main.ts'),
    '--folder',
    layout.docsFolder,
    ...layout.peers.flatMap(({ httpPort }) => ['--url', `http://${HOST}:${httpPort}`]),
  ];
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const end = () => child.kill('SIGTERM');
    stop.addEventListener('abort', end, { once: true });
    child.once('error', () => resolve(false));
    child.once('exit', (code, signal) => {
      stop.removeEventListener('abort', end);
      // It had no time to end its progress line.
      if (signal !== null && !stop.aborted) console.log('');
      resolve(code === 0);
    });
  });
}

function printAddresses(layout: ClusterLayout): void {
  console.log('\nListening:');
  for (const { name, httpPort, grpcPort, p2pPort } of layout.peers) {
    console.log(
      `  ${name}  REST http://${HOST}:${httpPort}  gRPC ${HOST}:${grpcPort}  peer-to-peer ${HOST}:${p2pPort}`,
    );
  }
  for (const { name, clientPort } of layout.servers) {
    console.log(`  ${name}  nats://${HOST}:${clientPort}`);
  }
  console.log(`\nLogs in ${shown(layout.logFolder)}. Ctrl-C stops everything.`);
}

// One Ctrl-C arrives several times: the terminal signals the whole process group, and each npm above passes it on.
const SAME_SIGNAL_MS = 500;

/** Aborts on the first signal; kills every process and exits on the second. */
function listenForStop(): AbortController {
  const stop = new AbortController();
  let firstMs = 0;
  const hear = () => {
    if (stop.signal.aborted) {
      if (performance.now() - firstMs < SAME_SIGNAL_MS) return;
      running?.kill();
      process.exit(130);
    }
    console.log('');
    say('stopping; once more kills at once');
    firstMs = performance.now();
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, hear);
  return stop;
}

let running: LocalCluster | undefined;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), root);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const layout = layOut(options);
  await using _folder = await openClusterFolder({ ...options, folder: layout.folder });
  const stop = listenForStop();
  const stopped = new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  // Something must keep the process alive while it only waits for a signal.
  const alive = setInterval(() => {}, 60_000);
  try {
    await launch(options, stop.signal);
    const taken = !options.docs || (await takeInDocs(layout, stop.signal));
    if (!stop.signal.aborted) {
      if (!taken)
        say(
          'the documentation was not taken in; the cluster runs on without, npm start resumes it',
        );
      printAddresses(layout);
    }
    await stopped;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    clearInterval(alive);
    await running?.stop();
    if (running !== undefined) say('stopped');
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof LaunchError || error instanceof TributaryError)) throw error;
  console.error(`cluster  ${error.message}`);
  process.exitCode = 1;
}
