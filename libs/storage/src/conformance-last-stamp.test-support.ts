// A property of every store, for the conformance suite: its state keeps the stamp of the last entry.

import assert from 'node:assert/strict';
import { NO_STAMP, stamp } from '@tributary/model';
import { next, pointOf } from './conformance-points.test-support.ts';
import type { ReplicaStores } from './replica-store.ts';

type Check = (
  property: string,
  body: (setting: { readonly stores: ReplicaStores }) => Promise<void>,
) => void;

export function lastStampTest(check: Check): void {
  check('the last stamp is that of the last commit that named one', async ({ stores }) => {
    const store = await stores.open('a');
    assert.equal(store.state.lastStamp, NO_STAMP);
    const lastStamp = stamp(2 ** 53 - 1);
    store.commit({ puts: [pointOf(1, 1, 1)], deletes: [], ...next(store), lastStamp });
    assert.equal(store.commit({ puts: [], deletes: [], ...next(store) }).lastStamp, lastStamp);
    await store.flush();
    await store.close();
    await using again = await stores.open('a');
    assert.equal(again.state.lastStamp, lastStamp);
  });
}
