// What is remembered about a nats-server between runs, in `server.json` of its folder: how its store was made, its
// ports, so that clients find it where it was, and its process, so that it is adopted.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, TributaryError } from '@tributary/runtime';
import { z } from 'zod';

export interface ServerRecord {
  readonly mode: 'lone' | 'cluster';
  readonly port: number;
  readonly httpPort: number;
  readonly clusterPort?: number;
  readonly pid?: number;
}

const FILE = 'server.json';
const FORMAT = 1;
const schema = z.object({
  format: z.literal(FORMAT),
  mode: z.enum(['lone', 'cluster']),
  port: z.int(),
  httpPort: z.int(),
  clusterPort: z.int().exactOptional(),
  pid: z.int().exactOptional(),
});
export const STORE_FOLDER = 'store';

/** The record, one made from the look of the store where there is no record, or undefined for a new folder. */
export async function readServerRecord(folder: string): Promise<ServerRecord | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, FILE), 'utf8');
  } catch {
    return await recordOfStore(folder);
  }
  try {
    return decodeServerRecord(text);
  } catch (cause) {
    throw new TributaryError(
      'corrupt',
      `${join(folder, FILE)} cannot be read: delete it, and it is made again from the store`,
      { cause },
    );
  }
}

export function writeServerRecord(folder: string, record: ServerRecord): void {
  replaceFile(join(folder, FILE), `${encodeServerRecord(record)}\n`);
}

export function encodeServerRecord(record: ServerRecord): string {
  return JSON.stringify({ format: FORMAT, ...record });
}

/** Throws where it is not a record, or of another format. */
export function decodeServerRecord(text: string): ServerRecord {
  const { format: _, ...record } = schema.parse(JSON.parse(text));
  return record;
}

/** Errors: `precondition_failed` where the store was made in the other mode. */
export function assertMode(folder: string, made: ServerRecord, wanted: ServerRecord['mode']): void {
  if (made.mode === wanted) return;
  const text =
    wanted === 'cluster'
      ? `the store in ${folder} was made by a lone nats-server, and as one of a cluster it would delete its streams`
      : `the store in ${folder} was made by a nats-server of a cluster, and a lone one cannot read it`;
  throw new TributaryError(
    'precondition_failed',
    `${text}: start it as it was, or take an empty folder and restore snapshots of the streams into it`,
  );
}

async function recordOfStore(folder: string): Promise<ServerRecord | undefined> {
  const store = join(folder, STORE_FOLDER, 'jetstream');
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );
  if (!(await exists(store))) return undefined;
  const isCluster = await exists(join(store, '$SYS', '_js_', '_meta_'));
  return { mode: isCluster ? 'cluster' : 'lone', port: 0, httpPort: 0 };
}
