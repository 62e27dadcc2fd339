// Keeps two processes from looking after one folder. nats-server takes no lock on its store.
//
// Invariant: while a lock is held, taking it again fails, in this process or another; a holder that died is no holder.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Random, TributaryError } from '@tributary/runtime';
import { identifyProcess } from './process-identity.ts';

const TRIES = 5;

/** Errors: `precondition_failed` where another process holds it. */
export async function lockFolder(path: string, random: Random): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const own = await identifyProcess(process.pid);
  const content = JSON.stringify({ pid: process.pid, startedAt: own?.startedAt });
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      await writeFile(path, content, { flag: 'wx' });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = await readHolder(path);
    if (holder) {
      throw new TributaryError(
        'precondition_failed',
        `${dirname(path)} is in use by process ${holder}; stop that one, or choose another folder`,
      );
    }
    // Of several that find a stale lock, one moves it away; the others' attempts fail and they look again.
    const stale = `${path}.${random.id()}`;
    await rename(path, stale).catch(() => {});
    await rm(stale, { force: true });
  }
  throw new TributaryError('unavailable', `cannot take the lock ${path}`);
}

async function readHolder(path: string): Promise<number | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof content !== 'object' || content === null) return undefined;
    const pid: unknown = Reflect.get(content, 'pid');
    if (typeof pid !== 'number') return undefined;
    const identity = await identifyProcess(pid);
    return identity && identity.startedAt === Reflect.get(content, 'startedAt') ? pid : undefined;
  } catch {
    return undefined;
  }
}
