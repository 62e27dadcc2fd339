// One peer as a process of its own, to be killed, stopped for a while, and started again on its data.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilReady } from '../cluster/readiness.ts';

export interface PeerProcessOptions {
  readonly name: string;
  readonly folder: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly p2pPort: number;
  readonly flags: readonly string[];
}

const HOST = '127.0.0.1';
const MAIN = join(import.meta.dirname, '../../services/peer/tributary.mjs');
/** A start takes 2 s; with a dozen processes on one busy core, a minute. */
const READY_WITHIN_MS = 180_000;

export class PeerProcess {
  readonly #options: PeerProcessOptions;
  #child: ChildProcess | undefined;
  /** Resolves when the process has ended. */
  ended: Promise<void> = Promise.resolve();

  constructor(options: PeerProcessOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Where the peer keeps everything. */
  get folder(): string {
    return this.#options.folder;
  }

  get url(): string {
    return `http://${HOST}:${this.#options.httpPort}`;
  }

  get grpcAddress(): string {
    return `${HOST}:${this.#options.grpcPort}`;
  }

  get p2pAddress(): string {
    return `${HOST}:${this.#options.p2pPort}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get logFile(): string {
    return `${this.#options.folder}.log`;
  }

  /** Resolves when `/readyz` says so; throws with the end of its log where the process does not come up. */
  async start(): Promise<void> {
    await this.ended;
    const { folder, httpPort, grpcPort, p2pPort, flags } = this.#options;
    mkdirSync(folder, { recursive: true });
    const log = openSync(this.logFile, 'a');
    const ports = ['--http-port', httpPort, '--grpc-port', grpcPort, '--p2p-port', p2pPort];
    const args = [MAIN, '--data-dir', folder, ...ports.map(String), ...flags];
    const child = spawn(process.execPath, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once('exit', () => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      });
    });
    await this.#untilReady();
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends it as an operator would, with SIGTERM; resolves to how long it took, in milliseconds. */
  async stop(): Promise<number> {
    const startedMs = performance.now();
    this.#child?.kill('SIGTERM');
    await this.ended;
    return performance.now() - startedMs;
  }

  async #untilReady(): Promise<void> {
    const gone = new AbortController();
    void this.ended.then(() => gone.abort());
    try {
      await untilReady({
        name: this.name,
        url: `${this.url}/readyz`,
        timeoutMs: READY_WITHIN_MS,
        signal: gone.signal,
      });
    } catch (cause) {
      const tail = readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
      throw new Error(`${this.name} did not become ready:\n${tail}`, { cause });
    }
  }
}
