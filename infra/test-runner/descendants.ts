// The processes that a test file has started, however far removed: each inherits a mark in its environment, also a
// nats-server, which is in a session of its own. Read from /proc; where there is none, only the file's own group is
// known.

import { readdirSync, readFileSync } from 'node:fs';
import { signalProcess } from '../signal-process.ts';

const MARK = 'TRIBUTARY_TEST_FILE';

export interface RunningProcess {
  readonly pid: number;
  readonly command: string;
}

/** What to add to the environment of a file's process. */
export function marked(id: string): Readonly<Record<string, string>> {
  return { [MARK]: id };
}

/** Those that run now, without any that has ended and only waits to be looked at. */
export function descendantsOf(id: string): RunningProcess[] {
  const wanted = `${MARK}=${id}`;
  return processIds().flatMap((pid) => {
    try {
      const isMarked = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(wanted);
      if (!isMarked || pid === process.pid) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid, command: command.slice(0, 120) }];
    } catch {
      // It ended meanwhile, or belongs to someone else.
      return [];
    }
  });
}

export function killAll(processes: readonly RunningProcess[]): void {
  for (const { pid } of processes) signalProcess(pid, 'SIGKILL');
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number);
  } catch {
    return [];
  }
}
