import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fill, storesIn, temporaryFolder } from './rocks.test-support.ts';

const EMPTY_BYTES_MAX = 200_000;

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
