// Stores in temporary folders, points to fill them with, and ways to look at their files.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type StoredPoint, sequence, stamp } from '@tributary/model';
import { silentLogger, TributaryError } from '@tributary/runtime';
import { pointDigest, type ReplicaStore, type ReplicaStores } from '@tributary/storage';
import { preparedStores } from '@tributary/storage/conformance';
import { RocksDatabase } from './database.ts';
import { createRocksReplicaStores } from './rocks-replica-stores.ts';

export const OPTIONS = { writeBufferBytes: 1 << 20, blockCacheBytes: 1 << 20 };
export const CRASH_WRITER = join(import.meta.dirname, 'crash-writer.test-process.ts');
export const STORE_CREATOR = join(import.meta.dirname, 'store-creator.test-process.ts');

export const temporaryFolder = () => mkdtempDisposable(join(tmpdir(), 'tributary-rocks-'));

/** Their stores are on the disk from when they are opened. */
export function storesIn(folder: string): ReplicaStores {
  return preparedStores(lazyStoresIn(folder));
}

export function lazyStoresIn(folder: string): ReplicaStores {
  return createRocksReplicaStores({ folder, logger: silentLogger, ...OPTIONS });
}

/** Whether the store reads without an error; what it reads must be one of the states there were. */
export async function readsTrue(
  stores: ReplicaStores,
  digests: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<boolean> {
  try {
    await using store = await stores.open('copy');
    const ids = new Set<number>();
    for (const point of store.scan()) {
      ids.add(Number(point.id));
      const digest = pointDigest(point).toString('hex');
      assert.ok(digests.get(String(point.id))?.has(digest), `point ${point.id} is as it once was`);
    }
    assert.equal(ids.size, store.state.pointsCount);
    const found = store.get(Array.from({ length: 3_000 }, (_, id) => id));
    found.forEach((point, id) => {
      assert.equal(point !== undefined, ids.has(id), `get and scan agree on point ${id}`);
    });
    store.verify();
    return true;
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    assert.equal(error.code, 'corrupt', error.message);
    return false;
  }
}

/** A store with table files and a log, and every digest each point ever had. */
export async function buildWithFiles(stores: ReplicaStores): Promise<Map<string, Set<string>>> {
  const digests = new Map<string, Set<string>>();
  for (let round = 1; round <= 3; round++) {
    // Opening turns the log into table files; the last round's stays.
    await using store = await stores.open('s');
    for (let i = 0; i < 5; i++) {
      const points = Array.from({ length: 300 }, (_, n) =>
        pointOf((n * 7 + i * 400) % 3_000, store.state.appliedSequence + 1),
      );
      for (const point of points) {
        const known = digests.get(String(point.id)) ?? new Set();
        digests.set(String(point.id), known.add(pointDigest(point).toString('hex')));
      }
      commit(store, points);
    }
  }
  return digests;
}

export function pointOf(id: number, version: number): StoredPoint {
  return {
    id,
    version: sequence(version),
    stamp: stamp(version),
    vectors: { '': Float32Array.from({ length: 8 }, (_, i) => id + i / 8 + version) },
    payload: Buffer.from(JSON.stringify({ id, version })),
  };
}

export function commit(store: ReplicaStore, puts: readonly StoredPoint[]): void {
  const next = store.state.appliedSequence + 1;
  store.commit({ puts, deletes: [], appliedSequence: sequence(next), appliedCount: next });
}

/** Points 1 to `count`; closes the store. */
export async function fill(store: ReplicaStore, count: number): Promise<void> {
  commit(
    store,
    Array.from({ length: count }, (_, i) => pointOf(i + 1, 1)),
  );
  await store.close();
}

/** Replaces a raw record of a closed store, or removes it; gives the old one. */
export async function rewrite(
  folder: string,
  name: string,
  column: 'points' | 'vectors',
  key: Uint8Array,
  change: (record: Buffer) => Buffer | undefined,
): Promise<Buffer> {
  const database = await RocksDatabase.open(name, join(folder, name), OPTIONS);
  try {
    const [record] = database.getMany(column, [key]);
    assert.ok(record, 'the record to change is there');
    const changed = change(Buffer.from(record));
    if (changed === undefined) database.delete(column, key);
    else database.put(column, key, changed);
    database.write({ sync: false });
    return record;
  } finally {
    await database.close();
  }
}

export function isCorrupt(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof TributaryError, String(error));
    assert.equal(error.code, 'corrupt');
    assert.match(error.message, message);
    return true;
  };
}

export async function newestLog(folder: string): Promise<string> {
  const logs = (await readdir(folder)).filter((file) => file.endsWith('.log')).sort();
  return join(folder, logs.at(-1) ?? '');
}

export async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const file of await readdir(from)) {
    await writeFile(join(to, file), await readFile(join(from, file)));
  }
}

/** A process that commits without end; killed without warning when disposed. */
export function startWriter(folder: string, writer = CRASH_WRITER, ...rest: readonly string[]) {
  const child = spawn(process.execPath, [writer, folder, ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Reads reports until one reaches `commits`; gives the newest. */
    async commits(commits: number): Promise<number> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error('the writer ended');
        if (Number(value) >= commits) return Number(value);
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
