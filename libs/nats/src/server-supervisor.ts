// Looks after one nats-server: starts it, waits until it is ready, starts it again when it ends, stops it. The server
// is a process of its own session, so it outlives a crash of this one, and the next supervisor of the folder adopts it.
//
//   starting ──► running ◄──► restarting (with back-off) ──► stopped, or left to itself
//
// Invariant: at most one supervisor and one server per folder; a store is used only in the mode it was made in.

import { spawn } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  backoffMs,
  type Clock,
  freePorts,
  identifyProcess,
  type Logger,
  lockFolder,
  type ProcessIdentity,
  pause,
  portError,
  type Random,
  TributaryError,
} from '@tributary/runtime';
import { askMonitoring } from './monitoring.ts';
import { findNatsServer, type ServerBinary } from './server-binary.ts';
import { renderServerConfig } from './server-config.ts';
import {
  assertMode,
  readServerRecord,
  type ServerRecord,
  STORE_FOLDER,
  writeServerRecord,
} from './server-record.ts';

export interface NatsServerOptions {
  /** Unique in the cluster. */
  readonly name: string;
  /** Holds the configuration, the log, the record and the store. */
  readonly dataDir: string;
  readonly host: string;
  /** 0 takes the port used last, or a free one. So with the other ports. */
  readonly port: number;
  readonly httpPort: number;
  /** Given, the server is one of a cluster. */
  readonly clusterPort?: number;
  readonly clusterName?: string;
  /** Cluster addresses of the servers, `nats://host:port`. */
  readonly routes?: readonly string[];
  /** Clients do not learn of the other servers and keep to the addresses they were given, proxies for instance. */
  readonly isUnadvertised?: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Where `.tributary/bin/nats-server` is looked for. */
  readonly projectRoot?: string;
  /** Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How long the server may take until it is ready, in milliseconds; it reads its whole store meanwhile. */
  readonly readyForMs?: number;
}

const READY_FOR_MS = 120_000;
const POLL_MS = 50;
const WATCH_MS = 250;
const BACKOFF = { minMs: 100, maxMs: 10_000 };
const HEALTHY_AFTER_MS = 30_000;
const TERMINATE_FOR_MS = 15_000;
const CONFIG_FILE = 'nats.conf';
const MONITORING_HOST = '127.0.0.1';
const LOG_FILE = 'nats.log';
const CLUSTER_NAME = 'tributary';

export class NatsServerSupervisor implements AsyncDisposable {
  readonly #options: NatsServerOptions;
  readonly #binary: ServerBinary;
  readonly #lock: AsyncDisposable;
  readonly #stopping = new AbortController();
  #record: ServerRecord;
  #adopted = false;
  #restarts = 0;
  #watching: Promise<void> = Promise.resolve();

  /**
   * Starts or adopts the server and resolves when it is ready. Errors: `precondition_failed` (folder in use; store
   * made in the other mode), `unavailable` (no binary; not ready in time, with the end of its log).
   */
  static async start(
    given: NatsServerOptions,
    signal?: AbortSignal,
  ): Promise<NatsServerSupervisor> {
    // The server runs in the folder and is recognised by its path, so a relative one would not do.
    const options = { ...given, dataDir: resolve(given.dataDir) };
    const environment = options.environment ?? process.env;
    const { dataDir, projectRoot, random } = options;
    const binary = await findNatsServer({ environment, projectRoot });
    const lock = await lockFolder(dataDir, random);
    try {
      const mode = options.clusterPort === undefined ? 'lone' : 'cluster';
      const made = await readServerRecord(dataDir);
      if (made) assertMode(dataDir, made, mode);
      const place = { host: options.host, pid: made?.pid };
      const record: ServerRecord = {
        mode,
        port: await choosePort(options.port, made?.port, place),
        httpPort: await choosePort(options.httpPort, made?.httpPort, {
          ...place,
          host: MONITORING_HOST,
        }),
        ...(options.clusterPort !== undefined && {
          clusterPort: await choosePort(options.clusterPort, made?.clusterPort, place),
        }),
        ...(made?.pid !== undefined && { pid: made.pid }),
      };
      const supervisor = new NatsServerSupervisor(options, binary, lock, record);
      await supervisor.#begin(signal);
      return supervisor;
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(
    options: NatsServerOptions,
    binary: ServerBinary,
    lock: AsyncDisposable,
    record: ServerRecord,
  ) {
    this.#options = options;
    this.#binary = binary;
    this.#lock = lock;
    this.#record = record;
  }

  /** Where clients of this machine reach the server; others put their name of the machine in place of the host. */
  get clientUrl(): string {
    return `nats://${reachable(this.#options.host)}:${this.#record.port}`;
  }

  get monitoringUrl(): string {
    return `http://${MONITORING_HOST}:${this.#record.httpPort}`;
  }

  /** Address for the `routes` of the other servers; undefined for a lone one. */
  get clusterUrl(): string | undefined {
    const { clusterPort } = this.#record;
    if (clusterPort === undefined) return undefined;
    return `nats://${reachable(this.#options.host)}:${clusterPort}`;
  }

  get port(): number {
    return this.#record.port;
  }

  get version(): string {
    return this.#binary.version;
  }

  get pid(): number | undefined {
    return this.#record.pid;
  }

  /** The server was running already when the supervisor started. */
  get adopted(): boolean {
    return this.#adopted;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Stops the server: SIGTERM, and SIGKILL where it does not end. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new Error('stopping'));
    await this.#watching;
    await this.#terminate();
    const { pid: _, ...record } = this.#record;
    this.#record = record;
    writeServerRecord(this.#options.dataDir, record);
    await this.#lock[Symbol.asyncDispose]();
  }

  /** Leaves the server running, for another supervisor to adopt. */
  async leave(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new Error('leaving'));
    await this.#watching;
    await this.#lock[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #begin(signal: AbortSignal | undefined): Promise<void> {
    const config = this.#renderConfig();
    const path = this.#path(CONFIG_FILE);
    const before = await readFile(path, 'utf8').catch(() => '');
    if (await this.#isRunning()) {
      if (before === config) this.#adopted = true;
      else await this.#terminate();
    }
    await writeFile(path, config);
    if (!this.#adopted) await this.#spawn();
    try {
      await this.#untilReady(signal);
    } catch (error) {
      if (!this.#adopted) await this.#terminate();
      throw error;
    }
    this.#watching = this.#watch();
  }

  #renderConfig(): string {
    const { name, host, dataDir, clusterName, routes, isUnadvertised = false } = this.#options;
    const { port, httpPort, clusterPort } = this.#record;
    return renderServerConfig({
      name,
      host,
      port,
      httpPort,
      storeFolder: join(dataDir, STORE_FOLDER),
      ...(clusterPort !== undefined && {
        cluster: {
          name: clusterName ?? CLUSTER_NAME,
          port: clusterPort,
          routes: routes ?? [],
          isUnadvertised,
        },
      }),
    });
  }

  async #spawn(): Promise<void> {
    const log = await open(this.#path(LOG_FILE), 'a');
    try {
      const child = spawn(this.#binary.path, ['-c', this.#path(CONFIG_FILE)], {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        cwd: this.#options.dataDir,
      });
      const failed = new Promise<never>((_, reject) => child.once('error', reject));
      const spawned = new Promise<void>((resolve) => child.once('spawn', resolve));
      await Promise.race([spawned, failed]);
      child.unref();
      if (child.pid !== undefined) this.#record = { ...this.#record, pid: child.pid };
    } finally {
      await log.close();
    }
    writeServerRecord(this.#options.dataDir, this.#record);
  }

  async #untilReady(signal: AbortSignal | undefined): Promise<void> {
    const { clock, readyForMs = READY_FOR_MS, name } = this.#options;
    const giveUpMs = clock.monotonicMs() + readyForMs;
    for (;;) {
      signal?.throwIfAborted();
      if (await this.#isHealthy()) return;
      const isRunning = await this.#isRunning();
      if (!isRunning || clock.monotonicMs() > giveUpMs) {
        const why = isRunning ? `is not ready after ${readyForMs} ms` : 'ended while starting';
        throw new TributaryError(
          'unavailable',
          `nats-server ${name} ${why}: ${await this.#lastLog()}`,
        );
      }
      await clock.sleep(POLL_MS, signal);
    }
  }

  /**
   * A server of a cluster has no stream or leader before the others are there, so only JetStream itself is asked for.
   */
  async #isHealthy(): Promise<boolean> {
    const query = this.#record.mode === 'cluster' ? '?js-enabled-only=true' : '';
    const url = `${this.monitoringUrl}/healthz${query}`;
    return (await askMonitoring(this.#options.clock, url)) !== undefined;
  }

  async #isRunning(): Promise<boolean> {
    return (await serverProcess(this.#options.dataDir, this.#record)) !== undefined;
  }

  async #watch(): Promise<void> {
    const { clock, random, logger, name } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    let startedMs = clock.monotonicMs();
    while (!signal.aborted) {
      await pause(clock, WATCH_MS, signal);
      if (signal.aborted || (await this.#isRunning())) continue;
      if (clock.monotonicMs() - startedMs > HEALTHY_AFTER_MS) failures = 0;
      failures++;
      const retryInMs = backoffMs(BACKOFF, failures, random);
      logger.error({ name, retryInMs, log: await this.#lastLog() }, 'nats-server ended');
      await pause(clock, retryInMs, signal);
      if (signal.aborted) return;
      startedMs = clock.monotonicMs();
      this.#restarts++;
      try {
        await this.#spawn();
        logger.info({ name, pid: this.pid }, 'nats-server started again');
      } catch (error) {
        logger.error({ name, error }, 'nats-server cannot be started');
      }
    }
  }

  async #terminate(): Promise<void> {
    const { clock, logger, name } = this.#options;
    const { pid } = this.#record;
    if (pid === undefined || !(await this.#isRunning())) return;
    process.kill(pid, 'SIGTERM');
    const killMs = clock.monotonicMs() + TERMINATE_FOR_MS;
    let isKilled = false;
    while (await this.#isRunning()) {
      if (!isKilled && clock.monotonicMs() > killMs) {
        logger.warn({ name, pid }, 'nats-server does not stop, killing it');
        process.kill(pid, 'SIGKILL');
        isKilled = true;
      }
      await clock.sleep(POLL_MS);
    }
  }

  async #lastLog(): Promise<string> {
    const log = await readFile(this.#path(LOG_FILE), 'utf8').catch(() => '');
    return log.trimEnd().split('\n').slice(-3).join(' | ');
  }

  #path(file: string): string {
    return join(this.#options.dataDir, file);
  }
}

/** The nats-server that runs in the folder, whoever started it; undefined where none does. */
export async function findRunningServer(dataDir: string): Promise<ProcessIdentity | undefined> {
  const folder = resolve(dataDir);
  const record = await readServerRecord(folder).catch(() => undefined);
  return record && (await serverProcess(folder, record));
}

/**
 * The server is recognised by its configuration file on the command line, so an id that was given again does not
 * mislead.
 */
async function serverProcess(
  folder: string,
  { pid }: ServerRecord,
): Promise<ProcessIdentity | undefined> {
  const identity = pid === undefined ? undefined : await identifyProcess(pid);
  return identity?.command.includes(join(folder, CONFIG_FILE)) ? identity : undefined;
}

function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

/** The port wanted; for 0 the one used last where it is free or still the server's own, else any free one. */
async function choosePort(
  wanted: number,
  last: number | undefined,
  { host, pid }: { readonly host: string; readonly pid: number | undefined },
): Promise<number> {
  if (wanted !== 0) return wanted;
  const isOwn = pid !== undefined && (await identifyProcess(pid)) !== undefined;
  if (last && (isOwn || (await portError(last, host)) === undefined)) return last;
  const [port = 0] = await freePorts(1, host);
  return port;
}
