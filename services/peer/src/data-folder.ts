// The folder of one peer: who the peer is (`peer.json`), held so that two processes never share it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PeerId, peerId } from '@tributary/model';
import { lockFolder, type Random, replaceFile, TributaryError } from '@tributary/runtime';

const IDENTITY_FILE = 'peer.json';
const FORMAT = 1;

export interface DataFolder extends AsyncDisposable {
  readonly path: string;
  readonly peer: PeerId;
}

/**
 * Errors: `precondition_failed` (another process has the folder, or it cannot be used), `corrupt` (not a folder of this
 * version), `bad_request`.
 */
export async function openDataFolder(options: {
  path: string;
  /** The id a new peer takes; refused where the folder belongs to another. Default random. */
  peer?: number;
  random: Random;
}): Promise<DataFolder> {
  const { path, random } = options;
  await using held = new AsyncDisposableStack();
  held.use(await lockFolder(path, random));
  const peer = readIdentity(path) ?? writeIdentity(path, options.peer ?? randomPeerId(random));
  if (options.peer !== undefined && options.peer !== peer) {
    throw new TributaryError(
      'bad_request',
      `data folder ${path} belongs to peer ${peer}, not to cluster.peer_id ${options.peer}`,
    );
  }
  const lock = held.move();
  return { path, peer, [Symbol.asyncDispose]: () => lock.disposeAsync() };
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
  const text = `${JSON.stringify({ format: FORMAT, peer_id: id })}\n`;
  replaceFile(join(path, IDENTITY_FILE), text);
  return peerId(id);
}

function randomPeerId(random: Random): number {
  return 1 + random.integer(Number.MAX_SAFE_INTEGER - 1);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
