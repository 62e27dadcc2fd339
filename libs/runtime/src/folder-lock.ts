// Keeps two processes from using one folder. Whoever wants it puts down a file of its own, named for its process, and
// only then looks for others: of two that come together at least one sees the other. Files of processes that have ended
// are no one's claim and are removed; no name is ever used again, so that never removes a living claim.
//
// Invariant: while a folder is held, taking it again fails, in this process or another; a holder that died is no
// holder.

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TributaryError } from './error.ts';
import { identifyProcess } from './process-identity.ts';
import type { Random } from './random.ts';

const CLAIM = /^lock\.(\d+)\.([0-9a-f]{16})\.[0-9a-f]{32}$/;
const UNKNOWN = '0'.repeat(16);
/** Two that see each other both step back; after so many times one of them has long been alone. */
const TRIES = 4;
const STEP_BACK_MS = 20;

/**
 * Makes the folder where it is missing and takes it; disposing gives it back. Errors: `precondition_failed` where
 * another process holds it, or where it cannot be made or written to.
 */
export async function lockFolder(folder: string, random: Random): Promise<AsyncDisposable> {
  const own = (await fingerprintOf(process.pid)) ?? UNKNOWN;
  const claim = join(folder, `lock.${process.pid}.${own}.${random.id()}`);
  for (let tries = 1; ; tries++) {
    await putDown(folder, claim);
    const holder = await otherHolder(folder, claim);
    if (holder === undefined) {
      return { [Symbol.asyncDispose]: () => rm(claim, { force: true }) };
    }
    await rm(claim, { force: true });
    if (tries === TRIES) {
      throw new TributaryError(
        'precondition_failed',
        `data folder ${folder} is in use by process ${holder}: stop it, or choose another --data-dir`,
      );
    }
    await sleep(STEP_BACK_MS * random.next());
  }
}

async function putDown(folder: string, claim: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(claim, '', { flag: 'wx' });
  } catch (cause) {
    throw new TributaryError(
      'precondition_failed',
      `data folder ${folder} cannot be used: ${messageOf(cause)}; choose another --data-dir`,
      { cause },
    );
  }
}

async function otherHolder(folder: string, own: string): Promise<number | undefined> {
  for (const name of await readdir(folder)) {
    const [, pid, fingerprint] = CLAIM.exec(name) ?? [];
    const path = join(folder, name);
    if (pid === undefined || path === own) continue;
    if ((await fingerprintOf(Number(pid))) === fingerprint) return Number(pid);
    await rm(path, { force: true });
  }
  return undefined;
}

/** Differs between processes that were given the same id; undefined where no process has it. */
async function fingerprintOf(pid: number): Promise<string | undefined> {
  const identity = await identifyProcess(pid);
  if (identity === undefined) return undefined;
  return createHash('sha256').update(identity.startedAt).digest('hex').slice(0, UNKNOWN.length);
}
