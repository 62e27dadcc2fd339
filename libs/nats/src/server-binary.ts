// Finds a nats-server that is new enough: NATS_SERVER, then PATH, then `.tributary/bin` under the project root.

import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { TributaryError } from '@tributary/runtime';

export interface ServerBinary {
  readonly path: string;
  readonly version: string;
}

/** Older ones lack group commit under `sync_interval: always`, atomic batches and `/raftz`. */
const VERSION_MIN = [2, 15] as const;
const VERSION = /v?(\d+)\.(\d+)\.(\d+\S*)/;

/** Errors: `unavailable` where none is found, saying what was tried. */
export async function findNatsServer(options: {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly projectRoot?: string | undefined;
}): Promise<ServerBinary> {
  const { environment, projectRoot } = options;
  const named = environment.NATS_SERVER;
  const inPath = (environment.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = named
    ? [named]
    : [
        ...inPath.map((folder) => join(folder, 'nats-server')),
        ...(projectRoot ? [join(projectRoot, '.tributary', 'bin', 'nats-server')] : []),
      ];
  const refused: string[] = [];
  for (const path of candidates) {
    const version = await versionOf(path);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { path, version };
    refused.push(`${path} is ${version}`);
  }
  const found = named ? `NATS_SERVER=${named} does not run` : 'none found';
  throw new TributaryError(
    'unavailable',
    `nats-server ${VERSION_MIN.join('.')} or newer is needed: ${refused.join(', ') || found}; ` +
      'run "npm run setup", or set NATS_SERVER to its path',
  );
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 5_000 });
    return VERSION.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [, major, minor] = VERSION.exec(version) ?? [];
  const [majorMin, minorMin] = VERSION_MIN;
  if (Number(major) !== majorMin) return Number(major) > majorMin;
  return Number(minor) >= minorMin;
}
