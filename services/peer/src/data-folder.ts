// The folder of one peer: who the peer is (`peer.json`), and a lock so that two processes never share it.
//
// The lock names a process by its id and its start time, so a lock left behind by `kill -9` is seen as stale even when
// the process id has been given to another program since.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PeerId, peerId } from '@tributary/model';
import { type Random, TributaryError } from '@tributary/runtime';

const IDENTITY_FILE = 'peer.json';
const LOCK_FILE = 'lock';
const FORMAT = 1;

export interface DataFolder extends Disposable {
  readonly path: string;
  readonly peer: PeerId;
}

/** Errors: `unavailable` (another process has the folder), `corrupt` (not a folder of this version), `bad_request`. */
export function openDataFolder(options: {
  path: string;
  /** The id a new peer takes; refused where the folder belongs to another. Default random. */
  peer?: number;
  random: Random;
}): DataFolder {
  const { path, random } = options;
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TributaryError('bad_request', `data folder ${path} cannot be made: ${why}`, {
      cause,
    });
  }
  takeLock(path);
  const lock = join(path, LOCK_FILE);
  try {
    const peer = readIdentity(path) ?? writeIdentity(path, options.peer ?? randomPeerId(random));
    if (options.peer !== undefined && options.peer !== peer) {
      throw new TributaryError(
        'bad_request',
        `data folder ${path} belongs to peer ${peer}, not to cluster.peer_id ${options.peer}`,
      );
    }
    return { path, peer, [Symbol.dispose]: () => rmSync(lock, { force: true }) };
  } catch (error) {
    rmSync(lock, { force: true });
    throw error;
  }
}

function readIdentity(path: string): PeerId | undefined {
  const file = join(path, IDENTITY_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (
      typeof parsed === 'object' &&
      parsed !== null &&
      'format' in parsed &&
      'peer_id' in parsed
    ) {
      if (parsed.format === FORMAT && typeof parsed.peer_id === 'number') {
        return peerId(parsed.peer_id);
      }
    }
    throw new RangeError('fields are missing or of another version');
  } catch (cause) {
    throw new TributaryError(
      'corrupt',
      `${file} does not say which peer this is: restore it, or start with an empty data folder`,
      { cause },
    );
  }
}

function writeIdentity(path: string, id: number): PeerId {
  const file = join(path, IDENTITY_FILE);
  const text = `${JSON.stringify({ format: FORMAT, peer_id: id })}\n`;
  writeFileSync(`${file}.new`, text, { flush: true });
  renameSync(`${file}.new`, file);
  return peerId(id);
}

function randomPeerId(random: Random): number {
  return 1 + random.integer(Number.MAX_SAFE_INTEGER - 1);
}

function takeLock(path: string): void {
  const lock = join(path, LOCK_FILE);
  const mine = `${process.pid} ${startTime(process.pid) ?? ''}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(lock, mine, { flag: 'wx' });
      return;
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    const [pid = '', started = ''] = readFileSync(lock, 'utf8').split(' ');
    if (isRunning(Number(pid), started)) {
      throw new TributaryError(
        'unavailable',
        `data folder ${path} is in use by process ${pid}: stop it, or choose another --data-dir`,
      );
    }
    rmSync(lock, { force: true });
  }
  throw new TributaryError('unavailable', `data folder ${path}: another process is taking it`);
}

function isRunning(pid: number, started: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  const now = startTime(pid);
  if (now !== undefined) return started === '' || now === started;
  try {
    process.kill(pid, 0);
    return started === '';
  } catch {
    return false;
  }
}

/** Start time in clock ticks since boot, from `/proc` (field 22 of stat); undefined elsewhere or when not running. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
