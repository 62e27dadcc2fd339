// The peers that a launcher has started, written down in the cluster's folder, so that the next launcher can end what one that
// was killed left behind. A process is known by its id and its start time: ids are given out again.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessEntry {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly started: string;
}

const END_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

export class ProcessLedger {
  readonly #file: string;
  #entries: readonly ProcessEntry[];

  constructor(clusterFolder: string) {
    this.#file = path.join(clusterFolder, 'processes.json');
    this.#entries = readEntries(this.#file);
  }

  /** Entries whose process is still the one that was written down. */
  running(): readonly ProcessEntry[] {
    return this.#entries.filter(isRunning);
  }

  add(name: string, pid: number): void {
    const started = startTime(pid);
    if (started === undefined) return;
    this.#write([...this.#entries.filter((entry) => entry.name !== name), { name, pid, started }]);
  }

  remove(name: string): void {
    this.#write(this.#entries.filter((entry) => entry.name !== name));
  }

  /** Ends every process that still runs, and `others`, by SIGTERM and then by SIGKILL; returns their names. */
  async endAll(others: readonly ProcessEntry[]): Promise<readonly string[]> {
    const left = [...this.running(), ...others];
    for (const { pid } of left) kill(pid, 'SIGTERM');
    const deadline = performance.now() + END_TIMEOUT_MS;
    while (left.some(isRunning) && performance.now() < deadline) await sleep(POLL_MS);
    for (const entry of left.filter(isRunning)) kill(entry.pid, 'SIGKILL');
    while (left.some(isRunning)) await sleep(POLL_MS);
    this.#write([]);
    return left.map(({ name }) => name);
  }

  #write(entries: readonly ProcessEntry[]): void {
    this.#entries = entries;
    if (entries.length === 0) {
      rmSync(this.#file, { force: true });
      return;
    }
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(entries)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function readEntries(file: string): ProcessEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
  return Array.isArray(parsed) ? parsed.filter(isEntry) : [];
}

function isEntry(value: unknown): value is ProcessEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'pid' in value &&
    Number.isSafeInteger(value.pid) &&
    'started' in value &&
    typeof value.started === 'string'
  );
}

export function isRunning({ pid, started }: Pick<ProcessEntry, 'pid' | 'started'>): boolean {
  return startTime(pid) === started;
}

/** Start time of a process that runs, as text; undefined where there is none (or only its exit status is left). */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The nats-server that an earlier launcher left running with its data in `folder`. */
export function leftServer(name: string, folder: string): ProcessEntry | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(path.join(folder, 'server.json'), 'utf8'));
    if (typeof record !== 'object' || record === null || !('pid' in record)) return undefined;
    const pid = Number(record.pid);
    const started = startTime(pid);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return started !== undefined && command.includes(folder) ? { name, pid, started } : undefined;
  } catch {
    return undefined;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}
