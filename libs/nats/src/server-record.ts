// What is remembered about a nats-server between runs, in `server.json` of its folder: how its store was made, its
// ports, so that clients find it where it was, and its process, so that it is adopted.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, TributaryError } from '@tributary/runtime';

export interface ServerRecord {
  readonly mode: 'lone' | 'cluster';
  readonly port: number;
  readonly httpPort: number;
  readonly clusterPort?: number;
  readonly pid?: number;
}

const FILE = 'server.json';
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
    const value: unknown = JSON.parse(text);
    const mode: unknown = Reflect.get(Object(value), 'mode');
    if (mode !== 'lone' && mode !== 'cluster') throw new TypeError('no mode');
    const clusterPort = integer(value, 'clusterPort');
    const pid = integer(value, 'pid');
    return {
      mode,
      port: integer(value, 'port') ?? 0,
      httpPort: integer(value, 'httpPort') ?? 0,
      ...(clusterPort !== undefined && { clusterPort }),
      ...(pid !== undefined && { pid }),
    };
  } catch (cause) {
    throw new TributaryError(
      'corrupt',
      `${join(folder, FILE)} cannot be read: delete it, and it is made again from the store`,
      { cause },
    );
  }
}

export function writeServerRecord(folder: string, record: ServerRecord): void {
  replaceFile(join(folder, FILE), `${JSON.stringify(record, undefined, 2)}\n`);
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

function integer(value: unknown, key: string): number | undefined {
  const found: unknown = Reflect.get(Object(value), key);
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : undefined;
}
