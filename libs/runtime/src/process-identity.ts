// Tells whether a process id still means the process that was noted down: ids are used again, within a container the
// very same ones at each start.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessIdentity {
  readonly pid: number;
  /** Changes whenever the id is given to another process. */
  readonly startedAt: string;
  readonly command: string;
}

/** Undefined where no such process runs; one that ended and was not waited for counts as ended. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
}

/** Whether the process that was noted down still runs. */
export async function isRunning(
  noted: Pick<ProcessIdentity, 'pid' | 'startedAt'>,
): Promise<boolean> {
  return (await identifyProcess(noted.pid))?.startedAt === noted.startedAt;
}

async function fromProc(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const [status, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    // The second field is the name in parentheses, which may hold anything; the state comes right after it and the
    // start time, in ticks since boot, is the twentieth from there.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '');
    return {
      pid,
      startedAt: `${boot.trim()}/${fields[19]}`,
      command: command.replaceAll('\0', ' '),
    };
  } catch {
    return undefined;
  }
}

async function fromPs(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const columns = ['-o', 'lstart=', '-o', 'command=', '-p', `${pid}`];
    const { stdout } = await promisify(execFile)('ps', columns);
    // `Fri Nov 20 10:00:00 2026` and then the command.
    return { pid, startedAt: stdout.slice(0, 24), command: stdout.slice(24).trim() };
  } catch {
    return undefined;
  }
}
