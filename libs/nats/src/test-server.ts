// nats-servers for this package's tests: in a temporary folder, gone with it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { type Connection, connectNats } from './connection.ts';
import { type NatsServerOptions, NatsServerSupervisor } from './server-supervisor.ts';

const started = new Set<NatsServerSupervisor>();

// A server is a process of its own session, so a test run that is cut short would leave it behind.
process.on('exit', () => {
  for (const { pid } of started) killQuietly(pid);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));

export const PROJECT_ROOT = join(import.meta.dirname, '../../..');

export interface TestServer extends AsyncDisposable {
  readonly supervisor: NatsServerSupervisor;
  readonly connection: Connection;
  readonly folder: string;
}

export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'tributary-nats-'));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 });
  return { path, [Symbol.asyncDispose]: remove };
}

export function serverOptions(folder: string): NatsServerOptions {
  return {
    name: 'test',
    dataDir: folder,
    host: '127.0.0.1',
    port: 0,
    httpPort: 0,
    logger: silentLogger,
    clock: systemClock,
    random: systemRandom,
    projectRoot: PROJECT_ROOT,
    readyForMs: 20_000,
  };
}

/** Stopped with the test, however it ends. */
export async function startServer(options: NatsServerOptions): Promise<NatsServerSupervisor> {
  const supervisor = await NatsServerSupervisor.start(options);
  started.add(supervisor);
  return supervisor;
}

export function connectTo(urls: readonly string[]): Promise<Connection> {
  return connectNats({ urls, name: 'test', logger: silentLogger, clock: systemClock });
}

export async function startTestServer(): Promise<TestServer> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const supervisor = stack.use(await startServer(serverOptions(folder)));
  const connection = stack.use(await connectTo([supervisor.clientUrl]));
  const owned = stack.move();
  return { supervisor, connection, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function killQuietly(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
