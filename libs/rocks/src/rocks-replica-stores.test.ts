import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sequence } from '@tributary/model';
import { seededRandom } from '@tributary/runtime';
import {
  commit,
  copyFolder,
  fill,
  isCorrupt,
  lazyStoresIn,
  pointOf,
  STORE_CREATOR,
  startWriter,
  storesIn,
  temporaryFolder,
} from './rocks.test-support.ts';

const SMALL_BYTES_MAX = 200_000;

test('a store that nothing is committed to is an empty folder, however often it is opened', async () => {
  await using temporary = await temporaryFolder();
  const stores = lazyStoresIn(temporary.path);
  for (let opened = 0; opened < 3; opened++) {
    await using store = await stores.open('s');
    assert.equal(await store.flush(), 0);
    assert.deepEqual(readdirSync(join(temporary.path, 's')), []);
  }
});

test('a small store takes few blocks once it is flushed, opened again too, and loses nothing', async () => {
  await using temporary = await temporaryFolder();
  const { path: folder } = temporary;
  const bytes = () => {
    // RocksDB removes files meanwhile.
    const files = readdirSync(join(folder, 's')).map((file) => {
      return statSync(join(folder, 's', file), { throwIfNoEntry: false });
    });
    return files.reduce((sum, file) => sum + 512 * (file?.blocks ?? 0), 0);
  };
  const stores = storesIn(folder);
  let small = 0;
  for (let opened = 1; opened <= 12; opened++) {
    await using store = await stores.open('s');
    assert.equal(store.state.appliedSequence, opened - 1);
    commit(store, [pointOf(opened, opened)]);
    // While tables that opening made of the log are to be compacted, the manifest is left as it is.
    for (let tries = 0; tries < 20 && bytes() >= SMALL_BYTES_MAX; tries++) {
      await store.flush();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (bytes() < SMALL_BYTES_MAX) small++;
    // Into the log whose end was let go of.
    commit(store, [pointOf(1_000 + opened, opened)]);
    assert.equal([...store.scan()].length, opened + 1);
    store.commit({
      puts: [],
      deletes: [1_000 + opened],
      appliedSequence: sequence(opened),
      appliedCount: opened,
    });
  }
  assert.ok(small >= 6, `${small} of 12 times it was opened`);
});

test('a log that was let go of at its end and written to goes on holding every commit', async () => {
  await using temporary = await temporaryFolder();
  await using copies = await temporaryFolder();
  const stores = storesIn(temporary.path);
  await using store = await stores.open('s');
  const random = seededRandom(3);
  for (let at = 1; at <= 40; at++) {
    const first = random.integer(1_000);
    commit(
      store,
      Array.from({ length: 20 + random.integer(200) }, (_, i) => pointOf(first + i, at)),
    );
    if (random.integer(3) === 0) await store.flush();
    if (at % 10 !== 0) continue;
    // As a kill leaves it.
    await copyFolder(join(temporary.path, 's'), join(copies.path, `at-${at}`));
    await using copy = await storesIn(copies.path).open(`at-${at}`);
    assert.deepEqual(copy.state, store.state);
    assert.deepEqual(copy.verify(), store.state);
  }
});

test('killed at any moment, a store is whole or was never made, and takes the next commit', async () => {
  await using temporary = await temporaryFolder();
  const random = seededRandom(17);
  const stores = lazyStoresIn(temporary.path);
  let made = 0;
  let incomplete = 0;
  for (let round = 0; round < 5; round++) {
    let reported: number;
    {
      await using writer = startWriter(temporary.path, STORE_CREATOR, `${made}`);
      reported = await writer.commits(made);
      await sleep(random.integer(12));
    }
    const numbers = (await stores.list()).map((name) => Number(name.slice(1)));
    for (const number of numbers.filter((each) => each >= made)) {
      await using store = await stores.open(`s${number}`);
      const before = store.state.appliedSequence;
      if (number <= reported) assert.equal(before, 1, `store ${number} of ${reported}`);
      if (before === 0) incomplete++;
      await store.prepare();
      commit(store, [pointOf(2, 1)]);
      assert.equal(store.state.pointsCount, before + 1);
      assert.deepEqual(store.verify(), store.state);
    }
    made = 1 + Math.max(...numbers);
  }
  assert.ok(incomplete > 0, 'some were killed while they were made');
});

test('a store that lost the name of its list of files is corrupt, not new', async () => {
  for (const hasTables of [false, true]) {
    await using temporary = await temporaryFolder();
    const stores = storesIn(temporary.path);
    await fill(await stores.open('s'), 3);
    // Opening makes a table of what is in the log.
    if (hasTables) await (await stores.open('s')).close();
    rmSync(join(temporary.path, 's', 'CURRENT'));
    await assert.rejects(stores.open('s'), isCorrupt(/no CURRENT.*delete it/));
    await stores.drop('s');
    await using store = await stores.open('s');
    assert.equal(store.state.appliedSequence, 0);
  }
});
