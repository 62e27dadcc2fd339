import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@tributary/runtime';
import {
  commit,
  fill,
  isCorrupt,
  lazyStoresIn,
  pointOf,
  STORE_CREATOR,
  startWriter,
  storesIn,
  temporaryFolder,
} from './rocks.test-support.ts';

const EMPTY_BYTES_MAX = 200_000;

test('a store that nothing is committed to is an empty folder, however often it is opened', async () => {
  await using temporary = await temporaryFolder();
  const stores = lazyStoresIn(temporary.path);
  for (let opened = 0; opened < 3; opened++) {
    await using store = await stores.open('s');
    assert.equal(await store.flush(), 0);
    assert.deepEqual(readdirSync(join(temporary.path, 's')), []);
  }
});

test('a store without entries takes few blocks, opened again too, and keeps what is written then', async () => {
  await using temporary = await temporaryFolder();
  const { path: folder } = temporary;
  const store = join(folder, 's');
  const bytes = () =>
    readdirSync(store).reduce((sum, file) => sum + 512 * statSync(join(store, file)).blocks, 0);
  const stores = storesIn(folder);
  for (let opened = 0; opened < 3; opened++) {
    await using _ = await stores.open('s');
    assert.ok(bytes() < EMPTY_BYTES_MAX, `${bytes()} bytes`);
  }
  await fill(await stores.open('s'), 3);
  for (let opened = 0; opened < 3; opened++) {
    await using again = await stores.open('s');
    assert.equal(again.state.pointsCount, 3);
    assert.equal([...again.scan()].length, 3);
    await again.flush();
  }
});

test('killed at any moment, a store is whole or was never made, and takes the next commit', async () => {
  await using temporary = await temporaryFolder();
  const random = seededRandom(17);
  const stores = lazyStoresIn(temporary.path);
  let made = 0;
  let incomplete = 0;
  for (let round = 0; round < 8; round++) {
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
