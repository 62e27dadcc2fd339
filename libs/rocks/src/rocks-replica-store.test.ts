import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { pointIdToBytes, sequence } from '@tributary/model';
import { seededRandom, TributaryError } from '@tributary/runtime';
import { replicaStoreConformance } from '@tributary/storage/conformance';
import { RocksDatabase } from './database.ts';
import {
  buildWithFiles,
  CRASH_WRITER,
  commit,
  copyFolder,
  fill,
  isCorrupt,
  lazyStoresIn,
  newestLog,
  OPTIONS,
  pointOf,
  readsTrue,
  rewrite,
  startWriter,
  storesIn,
  temporaryFolder,
} from './rocks.test-support.ts';
import { RocksReplicaStore } from './rocks-replica-store.ts';

replicaStoreConformance('rocks', async () => {
  const temporary = await temporaryFolder();
  const { path: folder } = temporary;
  return {
    stores: lazyStoresIn(folder),
    corrupt: async (name, id) => {
      await rewrite(folder, name, 'points', pointIdToBytes(id), (record) => {
        record[record.length - 1] = (record.at(-1) ?? 0) ^ 1;
        return record;
      });
    },
    dispose: async () => temporary[Symbol.asyncDispose](),
  };
});

test('a record changed, swapped with another or left without its vectors is corrupt, by store and id', async () => {
  const damages: ((folder: string) => Promise<unknown>)[] = [
    (folder) => rewrite(folder, 's', 'points', pointIdToBytes(2), (old) => old.fill(0, 20, 21)),
    (folder) => rewrite(folder, 's', 'points', pointIdToBytes(2), (old) => old.subarray(0, 3)),
    (folder) => rewrite(folder, 's', 'vectors', pointIdToBytes(2), (old) => old.fill(9, 30, 31)),
    (folder) => rewrite(folder, 's', 'vectors', pointIdToBytes(2), () => undefined),
    async (folder) => {
      for (const column of ['points', 'vectors'] as const) {
        const other = await rewrite(folder, 's', column, pointIdToBytes(1), (old) => old);
        await rewrite(folder, 's', column, pointIdToBytes(2), () => other);
      }
    },
  ];
  for (const damage of damages) {
    await using temporary = await temporaryFolder();
    const { path: folder } = temporary;
    const stores = storesIn(folder);
    await fill(await stores.open('s'), 3);
    await damage(folder);
    await using store = await stores.open('s');
    assert.equal(store.get([1, 3]).length, 2);
    for (const read of [() => store.get([2]), () => [...store.scan()], () => store.verify()]) {
      assert.throws(read, isCorrupt(/store s, point 2/));
    }
  }
});

test('a store that lost points is corrupt, although each that is left is sound', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  await fill(await stores.open('s'), 3);
  for (const column of ['points', 'vectors'] as const) {
    await rewrite(temporary.path, 's', column, pointIdToBytes(2), () => undefined);
  }
  await using store = await stores.open('s');
  assert.throws(() => [...store.scan()], isCorrupt(/its 2 points .* its state says 3/));
  assert.equal([...store.scan(2)].length, 1, 'a part of them cannot tell');
});

test('vectors left behind by an older version of a point are not taken for its own', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  const store = await stores.open('s');
  commit(store, [pointOf(1, 1)]);
  await store.close();
  const old = await rewrite(temporary.path, 's', 'vectors', pointIdToBytes(1), (bytes) => bytes);
  const again = await stores.open('s');
  commit(again, [pointOf(1, 2)]);
  await again.close();
  await rewrite(temporary.path, 's', 'vectors', pointIdToBytes(1), () => old);
  await using last = await stores.open('s');
  assert.throws(() => last.get([1]), isCorrupt(/point 1/));
});

test('a change of payload alone does not write the vectors again', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  await fill(await stores.open('s'), 1);
  const damaged = (bytes: Buffer) => bytes.fill(9, 30, 31);
  await rewrite(temporary.path, 's', 'vectors', pointIdToBytes(1), damaged);
  await using store = await stores.open('s');
  const { vectors } = pointOf(1, 1);
  const puts = [{ ...pointOf(1, 2), vectors }];
  const applied = { appliedSequence: sequence(2), appliedCount: 2 };
  store.commit({ puts, deletes: [], payloadOnly: new Set([1]), ...applied });
  assert.equal(store.getPayloads([1])[0]?.version, 2);
  assert.throws(() => store.get([1]), isCorrupt(/point 1/));
  store.commit({ puts, deletes: [], ...applied });
  assert.deepEqual(store.get([1])[0]?.vectors, vectors);
});

test('a store held by another process is refused, and said so', async () => {
  await using temporary = await temporaryFolder();
  await using writer = startWriter(temporary.path);
  await writer.commits(1);
  await assert.rejects(storesIn(temporary.path).open('s'), (error) => {
    assert.ok(error instanceof TributaryError);
    assert.equal(error.code, 'unavailable');
    assert.match(error.message, /in use by another process/);
    return true;
  });
});

test('killed amid commits, a store opens at a state it was in, with all that was reported', async () => {
  await using temporary = await temporaryFolder();
  let reported = 0;
  for (let round = 1; round <= 4; round++) {
    {
      await using writer = startWriter(temporary.path);
      reported = await writer.commits(reported + 8 * round);
    }
    await using store = await storesIn(temporary.path).open('s');
    const { appliedSequence, appliedCount } = store.state;
    assert.ok(appliedSequence >= reported, `${appliedSequence} of ${reported} commits are there`);
    assert.equal(appliedCount, appliedSequence);
    assert.deepEqual(store.verify(), store.state);
    const newest = Math.max(...Array.from(store.scan(), (point) => point.version));
    assert.equal(newest, appliedSequence);
    reported = appliedSequence;
  }
});

test('a worker thread ended amid commits leaves its store whole and free to be opened', async () => {
  await using temporary = await temporaryFolder();
  const worker = new Worker(CRASH_WRITER, { argv: [temporary.path] });
  let reported = 0;
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (applied: number) => {
      reported = applied;
      if (applied >= 5) resolve();
    });
  });
  await worker.terminate();
  await using store = await storesIn(temporary.path).open('s');
  assert.ok(store.state.appliedSequence >= reported);
  assert.deepEqual(store.verify(), store.state);
});

test('a flush ends with a synced write, and a commit is none', async () => {
  await using temporary = await temporaryFolder();
  const database = await RocksDatabase.open('s', temporary.path, OPTIONS);
  const synced: boolean[] = [];
  const write = database.write.bind(database);
  database.write = (options) => {
    synced.push(options.sync);
    write(options);
  };
  await using store = new RocksReplicaStore('s', database, () => {});
  commit(store, [pointOf(1, 1)]);
  assert.deepEqual(synced, [false]);
  await store.flush();
  assert.deepEqual(synced, [false, true]);
});

test('what the log holds at a flush is enough to come back to it', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  const store = await stores.open('s');
  commit(store, [pointOf(1, 1)]);
  const flushed = await store.flush();
  const log = await newestLog(join(temporary.path, 's'));
  const durable = await readFile(log);
  commit(store, [pointOf(2, 2)]);
  await store.close();
  await writeFile(log, durable);
  await using again = await stores.open('s');
  assert.equal(again.state.appliedSequence, flushed);
  assert.deepEqual(again.verify(), again.state);
});

test('a log cut off at any byte gives the state after some commit, whole', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  const store = await stores.open('s');
  const states = [store.state];
  for (let i = 1; i <= 10; i++) {
    commit(
      store,
      Array.from({ length: 20 }, (_, n) => pointOf(i + 3 * n, i)),
    );
    states.push(store.state);
  }
  await store.close();
  const folder = join(temporary.path, 's');
  const log = await newestLog(folder);
  const bytes = await readFile(log);
  const random = seededRandom(5);
  const reached = new Set<number>();
  for (let cut = 0; cut < 60; cut++) {
    const copy = join(temporary.path, 'copy');
    await copyFolder(folder, copy);
    await writeFile(join(copy, basename(log)), bytes.subarray(0, random.integer(bytes.length)));
    {
      await using again = await stores.open('copy');
      assert.deepEqual(again.state, states[again.state.appliedSequence]);
      assert.deepEqual(again.verify(), again.state);
      reached.add(again.state.appliedSequence);
    }
    await rm(copy, { recursive: true });
  }
  assert.ok(reached.size > 5, `${reached.size} states were reached`);
});

test('a folder that is not a database is corrupt, and the error says what to do', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  await fill(await stores.open('s'), 10);
  const folder = join(temporary.path, 's');
  await writeFile(join(folder, 'CURRENT'), 'MANIFEST-999999\n');
  await assert.rejects(stores.open('s'), isCorrupt(/delete it, and the replica comes back/));
  await assert.rejects(stores.open('s'), isCorrupt(/delete it/));
  await stores.drop('s');
  await using store = await stores.open('s');
  assert.equal(store.state.appliedSequence, 0);
});

test('a drop that was cut short is finished and never shows', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  await (await stores.open('kept')).close();
  const left = join(temporary.path, 'gone.dropped');
  await mkdir(left);
  assert.deepEqual(await stores.list(), ['kept']);
  assert.deepEqual(await readdir(temporary.path), ['kept']);
});

test('a name that is no folder name is a bug, not a path', async () => {
  const stores = storesIn('/nowhere');
  for (const name of ['', '.', '..', 'a/b', '../a', 'a.dropped']) {
    await assert.rejects(stores.open(name), /invariant/);
  }
});

test('a flipped byte in any file gives the truth, an earlier state or an error, never a wrong answer', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  const digests = await buildWithFiles(stores);
  const folder = join(temporary.path, 's');
  const random = seededRandom(11);
  const files = (await readdir(folder)).filter((file) => file !== 'LOCK');
  assert.ok(
    files.some((file) => file.endsWith('.sst')) && files.some((file) => file.endsWith('.log')),
  );
  let detected = 0;
  for (let flip = 0; flip < 60; flip++) {
    const file = files[flip % files.length] ?? '';
    const copy = join(temporary.path, 'copy');
    await rm(copy, { recursive: true, force: true });
    await copyFolder(folder, copy);
    const bytes = await readFile(join(copy, file));
    if (bytes.length === 0) continue;
    const at = random.integer(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
    await writeFile(join(copy, file), bytes);
    if (await readsTrue(stores, digests)) continue;
    detected++;
  }
  assert.ok(detected > 0, 'some of the flips were found out');
});

test('a list of files cut short anywhere gives the truth, an earlier state or an error', async () => {
  await using temporary = await temporaryFolder();
  const stores = storesIn(temporary.path);
  const digests = await buildWithFiles(stores);
  const folder = join(temporary.path, 's');
  const manifest = (await readdir(folder)).find((file) => file.startsWith('MANIFEST')) ?? '';
  const bytes = await readFile(join(folder, manifest));
  let detected = 0;
  for (let end = 0; end < bytes.length; end += Math.ceil(bytes.length / 40)) {
    const copy = join(temporary.path, 'copy');
    await rm(copy, { recursive: true, force: true });
    await copyFolder(folder, copy);
    await writeFile(join(copy, manifest), bytes.subarray(0, end));
    if (!(await readsTrue(stores, digests))) detected++;
  }
  assert.ok(detected > 0, 'some of the cuts were found out');
});
