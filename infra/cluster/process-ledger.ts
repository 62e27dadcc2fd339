// The peers that a launcher has started, written down in the cluster's folder, so that the next launcher can end what
// one that was killed left behind. A process is known by its id and its start time: ids are given out again.

import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning, type ProcessIdentity, replaceFile } from '@tributary/runtime';
import { signalProcess } from '../signal-process.ts';

export interface ProcessEntry extends Pick<ProcessIdentity, 'pid' | 'startedAt'> {
  readonly name: string;
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
  running(): Promise<readonly ProcessEntry[]> {
    return stillRunning(this.#entries);
  }

  async add(name: string, pid: number): Promise<void> {
    const identity = await identifyProcess(pid);
    if (identity === undefined) return;
    const { startedAt } = identity;
    const others = this.#entries.filter((entry) => entry.name !== name);
    this.#write([...others, { name, pid, startedAt }]);
  }

  remove(name: string): void {
    this.#write(this.#entries.filter((entry) => entry.name !== name));
  }

  /** Ends every process that still runs, and `others`, by SIGTERM and then by SIGKILL; returns their names. */
  async endAll(others: readonly ProcessEntry[]): Promise<readonly string[]> {
    const found = [...(await this.running()), ...others];
    for (const { pid } of found) signalProcess(pid, 'SIGTERM');
    const deadline = performance.now() + END_TIMEOUT_MS;
    let isKilled = false;
    for (let left = found; left.length > 0; left = await stillRunning(left)) {
      if (!isKilled && performance.now() > deadline) {
        for (const { pid } of left) signalProcess(pid, 'SIGKILL');
        isKilled = true;
      }
      await sleep(POLL_MS);
    }
    this.#write([]);
    return found.map(({ name }) => name);
  }

  #write(entries: readonly ProcessEntry[]): void {
    this.#entries = entries;
    if (entries.length === 0) {
      rmSync(this.#file, { force: true });
      return;
    }
    replaceFile(this.#file, `${JSON.stringify(entries)}\n`);
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
    'startedAt' in value &&
    typeof value.startedAt === 'string'
  );
}

async function stillRunning(entries: readonly ProcessEntry[]): Promise<ProcessEntry[]> {
  const running = await Promise.all(entries.map(isRunning));
  return entries.filter((_, index) => running[index]);
}
