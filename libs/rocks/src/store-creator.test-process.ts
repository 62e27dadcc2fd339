// Creates stores beneath the folder given, some at once, each with one commit. Reports the last of those that are there
// with all before them, and waits to be killed.

import { writeSync } from 'node:fs';
import { commit, lazyStoresIn, pointOf } from './rocks.test-support.ts';

const AT_ONCE = 4;
const stores = lazyStoresIn(process.argv[2] ?? '');

for (let next = Number(process.argv[3]); ; next += AT_ONCE) {
  const numbers = Array.from({ length: AT_ONCE }, (_, i) => next + i);
  await Promise.all(
    numbers.map(async (number) => {
      const store = await stores.open(`s${number}`);
      await store.prepare();
      commit(store, [pointOf(1, 1)]);
    }),
  );
  writeSync(1, `${numbers.at(-1)}\n`);
}
