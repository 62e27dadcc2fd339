// The folder of one peer: who the peer is and of which cluster (`peer.json`), held so that two processes never share
// it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterId, clusterId, type PeerId, peerId } from '@tributary/model';
import { assert, lockFolder, type Random, replaceFile, TributaryError } from '@tributary/runtime';
import { z } from 'zod';

const IDENTITY_FILE = 'peer.json';
const FORMAT = 2;
const identitySchema = z.object({
  format: z.literal(FORMAT),
  peer_id: z.number(),
  cluster_id: z.string().exactOptional(),
});

export interface DataFolder extends AsyncDisposable {
  readonly path: string;
  readonly peer: PeerId;
  /** Undefined until the peer has entered a cluster. */
  readonly clusterId: ClusterId | undefined;
  /** Keeps that the folder belongs to this cluster, for good. */
  keepCluster(id: ClusterId): void;
}

export interface Identity {
  readonly peer: PeerId;
  readonly clusterId?: ClusterId;
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
  const found = readIdentity(path);
  const peer = found?.peer ?? peerId(options.peer ?? randomPeerId(random));
  if (found === undefined) writeIdentity(path, { peer });
  if (options.peer !== undefined && options.peer !== peer) {
    throw new TributaryError(
      'bad_request',
      `data folder ${path} belongs to peer ${peer}, not to cluster.peer_id ${options.peer}`,
    );
  }
  const lock = held.move();
  let cluster = found?.clusterId;
  return {
    path,
    peer,
    get clusterId() {
      return cluster;
    },
    keepCluster(id) {
      if (cluster === id) return;
      assert(cluster === undefined, 'a folder belongs to one cluster');
      writeIdentity(path, { peer, clusterId: id });
      cluster = id;
    },
    [Symbol.asyncDispose]: () => lock.disposeAsync(),
  };
}

function readIdentity(path: string): Identity | undefined {
  const file = join(path, IDENTITY_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return decodeIdentity(text);
  } catch (cause) {
    throw new TributaryError(
      'corrupt',
      `${file} does not say which peer this is: restore it, or start with an empty data folder`,
      { cause },
    );
  }
}

function writeIdentity(path: string, identity: Identity): void {
  replaceFile(join(path, IDENTITY_FILE), encodeIdentity(identity));
}

export function encodeIdentity({ peer, clusterId: cluster }: Identity): string {
  const fields: z.infer<typeof identitySchema> = {
    format: FORMAT,
    peer_id: peer,
    ...(cluster !== undefined && { cluster_id: cluster }),
  };
  return `${JSON.stringify(fields)}\n`;
}

/** Throws where the text is not an identity. */
export function decodeIdentity(text: string): Identity {
  const { peer_id: peer, cluster_id: cluster } = identitySchema.parse(JSON.parse(text));
  return { peer: peerId(peer), ...(cluster !== undefined && { clusterId: clusterId(cluster) }) };
}

function randomPeerId(random: Random): number {
  return 1 + random.integer(Number.MAX_SAFE_INTEGER - 1);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
