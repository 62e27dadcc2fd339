// The part of the conformance suite about stores that nothing was committed to yet.

import assert from 'node:assert/strict';
import { pointOf, put } from './conformance-points.test-support.ts';
import { EMPTY_REPLICA_STATE, type ReplicaStore, type ReplicaStores } from './replica-store.ts';

type Body = (subject: { readonly stores: ReplicaStores }) => Promise<void>;

/** Stores that are prepared for commits from when they are opened. */
export function preparedStores(stores: ReplicaStores): ReplicaStores {
  return {
    open: async (name) => {
      const store = await stores.open(name);
      await store.prepare();
      return store;
    },
    drop: (name) => stores.drop(name),
    list: () => stores.list(),
  };
}

export function preparationTests(check: (property: string, body: Body) => void): void {
  check('a store that is not prepared is empty, and again when it is opened', async (subject) => {
    const { stores } = subject;
    for (let opened = 0; opened < 3; opened++) {
      const store = await stores.open('a');
      assertEmpty(store);
      assert.equal(await store.flush(), 0);
      assert.deepEqual(await stores.list(), ['a']);
      await assert.rejects(stores.open('a'), { code: 'unavailable' });
      await store.close();
      await store.close();
      assert.throws(() => store.get([1]));
      assert.throws(() => store.scan());
      await assert.rejects(store.prepare());
      await assert.rejects(store.flush());
    }
    await stores.drop('a');
    assert.deepEqual(await stores.list(), []);
  });

  check('preparing changes nothing, however often it is done', async ({ stores }) => {
    const store = await stores.open('a');
    await Promise.all([store.prepare(), store.prepare()]);
    await store.prepare();
    assertEmpty(store);
    await store.close();
    await using again = await stores.open('a');
    assertEmpty(again);
  });

  check('what is committed after it is read through the same store', async ({ stores }) => {
    const store = await stores.open('a');
    const scan = store.scan();
    await store.prepare();
    const state = put(store, [pointOf(1, 1, 1)]);
    assert.deepEqual([...scan], []);
    assert.equal(store.state, state);
    assert.equal(store.get([1])[0]?.version, 1);
    assert.equal(store.getPayloads([1])[0]?.version, 1);
    assert.equal([...store.scan()].length, 1);
    assert.equal([...store.scanPayloads()].length, 1);
    assert.deepEqual(store.verify(), state);
    assert.equal(await store.flush(), 1);
    await store.close();
    assert.throws(() => store.get([1]));
    await using again = await stores.open('a');
    assert.deepEqual(again.state, state);
  });

  check('a store that is closed while it is prepared may be opened again', async ({ stores }) => {
    const store = await stores.open('a');
    const preparing = store.prepare();
    await store.close();
    await preparing.catch(() => {});
    await using again = await stores.open('a');
    await again.prepare();
    put(again, [pointOf(1, 1, 1)]);
    assert.equal(again.state.pointsCount, 1);
  });
}

function assertEmpty(store: ReplicaStore): void {
  assert.deepEqual(store.state, EMPTY_REPLICA_STATE);
  assert.deepEqual(store.cuts, []);
  assert.deepEqual(store.get([1, 2]), [undefined, undefined]);
  assert.deepEqual(store.getPayloads([1]), [undefined]);
  assert.deepEqual([...store.scan()], []);
  assert.deepEqual([...store.scanPayloads(5)], []);
  assert.deepEqual(store.verify(), store.state);
}
