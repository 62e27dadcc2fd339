// The folder of one local cluster: made, checked and held by one launcher at a time.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lockFolder, replaceFile, systemRandom } from '@tributary/runtime';
import { LaunchError } from './options.ts';

const IDENTITY_FILE = 'cluster.json';
const FORMAT = 1;

/** Takes the folder; releasing is disposing. Its errors are a line that says what is wrong with the folder. */
export async function openClusterFolder(options: {
  folder: string;
  peers: number;
  fresh: boolean;
}): Promise<AsyncDisposable> {
  const { folder } = options;
  await using held = new AsyncDisposableStack();
  held.use(await lockFolder(folder, systemRandom));
  if (!options.fresh) checkIdentity(folder, options.peers);
  return held.move();
}

/** Empties the folder but for its lock. No process of the cluster may be running. */
export function emptyClusterFolder(folder: string, names: readonly string[]): void {
  const identity = path.join(folder, IDENTITY_FILE);
  // Half emptied it is no cluster: a process killed here leaves a folder that only `--fresh` takes.
  replaceFile(identity, '"being emptied"\n');
  for (const name of names) rmSync(path.join(folder, name), { recursive: true, force: true });
  rmSync(identity);
}

/** Once for a folder: what is there was checked when the folder was opened. */
export function writeClusterIdentity(folder: string, peers: number): void {
  const file = path.join(folder, IDENTITY_FILE);
  if (existsSync(file)) return;
  replaceFile(file, `${JSON.stringify({ format: FORMAT, peers })}\n`);
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
        'restore it, or start over with --fresh',
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
