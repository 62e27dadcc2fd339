// One process of the cluster: started, watched, started again when it dies, ended.
//
//   start ──► running ──(it dies)──► waiting ──► running …
//                └──────── stop ────────┴──► stopped
//
// Each runs in a process group of its own, so that Ctrl-C in the terminal reaches the launcher alone and the order of
// stopping is the launcher's. Before `settle` a death is not repaired: it is reported by `died`.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessLedger } from './process-ledger.ts';

export interface ProcessCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
}

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 10_000;
const HEALTHY_AFTER_MS = 10_000;
const LOG_TAIL_LINES = 3;
/** How a peer begins the line that says why it cannot start or go on. */
const REASON = 'tributary: ';

export class SupervisedProcess {
  readonly #command: ProcessCommand;
  readonly #ledger: ProcessLedger;
  readonly #say: (line: string) => void;
  readonly #stopping = new AbortController();
  /** Resolves with the reason when the process ends before `settle`. */
  readonly died: Promise<string>;
  #resolveDied: (reason: string) => void = () => {};
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #noted: Promise<void> = Promise.resolve();
  #logStart = 0;
  #settled = false;
  #backoffMs = BACKOFF_MIN_MS;

  constructor(command: ProcessCommand, ledger: ProcessLedger, say: (line: string) => void) {
    this.#command = command;
    this.#ledger = ledger;
    this.#say = say;
    this.died = new Promise((resolve) => {
      this.#resolveDied = resolve;
    });
  }

  get name(): string {
    return this.#command.name;
  }

  start(): void {
    const { name, program, args, logFile } = this.#command;
    mkdirSync(path.dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    this.#logStart = fstatSync(log).size;
    const child = spawn(program, [...args], { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#child = child;
    if (child.pid !== undefined) this.#noted = this.#ledger.add(name, child.pid);
    const startedMs = performance.now();
    this.#ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#child = undefined;
        resolve();
        if (performance.now() - startedMs > HEALTHY_AFTER_MS) this.#backoffMs = BACKOFF_MIN_MS;
        void this.#afterEnd(reason);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  /** From now on a death is repaired. */
  settle(): void {
    this.#settled = true;
  }

  async #afterEnd(reason: string): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    if (!this.#settled) {
      this.#resolveDied(`${this.name} ended (${reason})${this.#lastWords()}`);
      return;
    }
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(BACKOFF_MAX_MS, waitMs * 2);
    this.#say(`${this.name} ended (${reason}); starting it again in ${waitMs / 1000} s`);
    await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    if (!this.#stopping.signal.aborted) this.start();
  }

  /** What this run of it said last, with where to read the rest. */
  #lastWords(): string {
    let lines: string[] = [];
    try {
      const log = readFileSync(this.#command.logFile);
      lines = log.subarray(this.#logStart).toString().trim().split('\n');
    } catch {
      // It never wrote anything.
    }
    const end = lines.at(-1) ?? '';
    const last = end.startsWith(REASON)
      ? end.slice(REASON.length)
      : lines.slice(-LOG_TAIL_LINES).map(messageOf).filter(Boolean).join(' | ');
    return `: ${last || 'it logged nothing'} (all of it in ${this.#command.logFile})`;
  }

  /** Asks the process to end and waits; kills it after `timeoutMs`. Idempotent. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping.abort();
    this.#child?.kill('SIGTERM');
    const late = new AbortController();
    const kill = async () => {
      await sleep(timeoutMs, undefined, { signal: late.signal });
      this.#say(`${this.name} did not end within ${timeoutMs / 1000} s; killing it`);
      this.#child?.kill('SIGKILL');
    };
    kill().catch(() => {});
    await this.#ended;
    late.abort();
    await this.#noted;
    this.#ledger.remove(this.name);
  }

  /** Kills the process without waiting. */
  kill(): void {
    this.#stopping.abort();
    this.#child?.kill('SIGKILL');
  }
}

/** The message of a JSON log line; other lines as they are. */
function messageOf(line: string): string {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || !('msg' in entry)) return line;
    const error = 'error' in entry ? entry.error : undefined;
    const cause =
      typeof error === 'object' && error !== null && 'message' in error ? `: ${error.message}` : '';
    return `${entry.msg}${cause}`;
  } catch {
    return line.trim();
  }
}
