// The folder of one local cluster: made, checked and held by one launcher at a time.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LaunchError } from './options.ts';
import { isRunning, startTime } from './process-ledger.ts';

const LOCK_FILE = 'launcher.lock';
const IDENTITY_FILE = 'cluster.json';
const FORMAT = 1;

/** Takes the folder; releasing is disposing. Throws `LaunchError` saying what is wrong with the folder. */
export function openClusterFolder(options: {
  folder: string;
  peers: number;
  fresh: boolean;
}): Disposable {
  const { folder } = options;
  makeFolder(folder);
  takeLock(folder);
  const lock = path.join(folder, LOCK_FILE);
  try {
    if (!options.fresh) checkIdentity(folder, options.peers);
    return { [Symbol.dispose]: () => rmSync(lock, { force: true }) };
  } catch (error) {
    rmSync(lock, { force: true });
    throw error;
  }
}

/** Empties the folder but for its lock. No process of the cluster may be running. */
export function emptyClusterFolder(folder: string, names: readonly string[]): void {
  for (const name of [...names, IDENTITY_FILE]) {
    rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

export function writeClusterIdentity(folder: string, peers: number): void {
  writeFileSync(path.join(folder, IDENTITY_FILE), `${JSON.stringify({ format: FORMAT, peers })}\n`);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    if (!statSync(folder).isDirectory()) throw new Error('not a folder');
    const probe = path.join(folder, '.probe');
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LaunchError(
      `data folder ${folder} cannot be used: ${reason}; choose another with --data-dir`,
    );
  }
}

function checkIdentity(folder: string, peers: number): void {
  const file = path.join(folder, IDENTITY_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  if (!isIdentity(text, peers)) {
    throw new LaunchError(
      `data folder ${folder} is broken: ${IDENTITY_FILE} does not describe a cluster of ${peers}; ` +
        'restore it, or start anew with --fresh',
    );
  }
}

function isIdentity(text: string, peers: number): boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return false;
    return (
      'format' in value && value.format === FORMAT && 'peers' in value && value.peers === peers
    );
  } catch {
    return false;
  }
}

function takeLock(folder: string): void {
  const lock = path.join(folder, LOCK_FILE);
  const holder = readHolder(lock);
  if (holder !== undefined && holder.pid !== process.pid && isRunning(holder)) {
    throw new LaunchError(
      `data folder ${folder} is in use by the launcher with process id ${holder.pid}: ` +
        'end that one, or choose another with --data-dir and --port-base',
    );
  }
  writeFileSync(lock, `${process.pid} ${startTime(process.pid) ?? ''}`);
}

function readHolder(lock: string): { pid: number; started: string } | undefined {
  try {
    const [pid = '', started = ''] = readFileSync(lock, 'utf8').trim().split(' ');
    return { pid: Number(pid), started };
  } catch {
    return undefined;
  }
}
