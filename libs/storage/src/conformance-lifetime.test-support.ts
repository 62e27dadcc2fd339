// The part of the conformance suite about opening, flushing, closing and dropping.

import assert from 'node:assert/strict';
import type { PointId, StoredPoint } from '@tributary/model';
import { seededRandom } from '@tributary/runtime';
import {
  assertEqualsModel,
  pointOf,
  put,
  randomCommit,
} from './conformance-points.test-support.ts';
import type { ReplicaStores } from './replica-store.ts';

type Body = (subject: { readonly stores: ReplicaStores }) => Promise<void>;
type Check = (property: string, body: Body) => void;

export function lifetimeTests(check: Check): void {
  check('what was committed is there after closing and opening', async ({ stores }) => {
    const model = new Map<PointId, StoredPoint>();
    for (let round = 1; round <= 5; round++) {
      await using store = await stores.open('a');
      randomCommit(seededRandom(round), store, model, round);
      assertEqualsModel(store, model);
    }
  });

  check('a flush resolves to the applied sequence', async ({ stores }) => {
    await using store = await stores.open('a');
    put(store, [pointOf(1, 1, 1)]);
    put(store, [pointOf(2, 2, 1)]);
    assert.equal(await store.flush(), 2);
  });

  check('a store is opened once at a time', async ({ stores }) => {
    await using store = await stores.open('a');
    await assert.rejects(stores.open('a'), { name: 'TributaryError', code: 'unavailable' });
    assert.equal(store.state.pointsCount, 0);
  });

  check('closing twice is well, and a closed store refuses every call', async ({ stores }) => {
    const store = await stores.open('a');
    put(store, [pointOf(1, 1, 1), pointOf(2, 1, 1)]);
    const scan = store.scan();
    scan.next();
    await store.close();
    await store.close();
    assert.throws(() => store.get([1]));
    assert.throws(() => store.getPayloads([1]));
    assert.throws(() => store.scan());
    assert.throws(() => scan.next());
    assert.throws(() => store.verify());
    assert.throws(() => put(store, [pointOf(3, 2, 1)]));
    await assert.rejects(store.flush());
  });

  check('stores do not see each other, and a dropped one comes back empty', async ({ stores }) => {
    const a = await stores.open('a');
    const b = await stores.open('b');
    put(a, [pointOf(1, 1, 1)]);
    assert.equal(b.state.pointsCount, 0);
    await a.close();
    await b.close();
    assert.deepEqual((await stores.list()).toSorted(), ['a', 'b']);
    await stores.drop('a');
    await stores.drop('never-there');
    assert.deepEqual(await stores.list(), ['b']);
    await using again = await stores.open('a');
    assert.equal(again.state.appliedSequence, 0);
  });
}
