// The part of the conformance suite about commits that are staged in steps before they are written.

import assert from 'node:assert/strict';
import { atOnce } from '@tributary/runtime';
import { next, pointOf, put } from './conformance-points.test-support.ts';
import type { ReplicaStore, ReplicaStores, StoreChanges } from './replica-store.ts';

type Body = (subject: { readonly stores: ReplicaStores }) => Promise<void>;

/** So many that a store takes several steps. */
const COUNT = 1_000;

export function stagedTests(check: (property: string, body: Body) => void): void {
  check('a commit in steps leaves what the same commit at once leaves', async ({ stores }) => {
    await using store = await stores.open('a');
    await using other = await stores.open('b');
    for (const each of [store, other]) fill(each);
    const changes = manyChanges(store);
    const before = store.state;
    const steps = store.stage(changes);
    for (let step = steps.next(); ; step = steps.next()) {
      assert.equal(store.state, before);
      assert.equal(store.get([1])[0]?.version, 1);
      assert.equal([...store.scanPayloads()].length, COUNT);
      if (!step.done) continue;
      using staged = step.value;
      staged.write();
      break;
    }
    assert.deepEqual(store.state, other.commit(changes));
    assert.deepEqual(store.verify(), other.verify());
    assert.deepEqual(store.cuts, other.cuts);
  });

  check('a walk that ends while a commit is staged takes nothing from it', async ({ stores }) => {
    const store = await stores.open('a');
    fill(store);
    await store.close();
    await using again = await stores.open('a');
    await using other = await stores.open('b');
    await other.prepare();
    fill(other);
    // The walk over all points is the first of a store that is opened again.
    const walk = again.scan();
    walk.next();
    const { isCut: _, ...changes } = manyChanges(again);
    using staged = atOnce(again.stage(changes));
    while (!walk.next().done);
    staged.write();
    other.commit(changes);
    for (const each of [again, other]) {
      each.commit({ ...next(each), puts: [pointOf(7, 3, 3)], deletes: [], isCut: true });
    }
    assert.deepEqual(again.cuts, other.cuts);
    const { sequence } = again.cuts[0] ?? assert.fail();
    assert.deepEqual(again.bucketsAt(sequence), other.bucketsAt(sequence));
  });

  check('a flush waits for the end of a commit in steps', async ({ stores }) => {
    const store = await stores.open('a');
    fill(store);
    const steps = store.stage(manyChanges(store));
    steps.next();
    const flushed = store.flush();
    using staged = atOnce(steps);
    const { appliedSequence } = staged.write();
    assert.ok((await flushed) <= appliedSequence);
    await store.close();
    await using again = await stores.open('a');
    assert.equal(again.verify().appliedSequence, appliedSequence);
  });

  check('steps that are given up change nothing, and later commits do', async ({ stores }) => {
    const store = await stores.open('a');
    fill(store);
    const before = store.state;
    const changes = manyChanges(store);
    const steps = store.stage(changes);
    steps.next();
    const flushing = store.flush();
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.throws(() => steps.throw(new Error('stopped')), /stopped/);
    assert.equal(await flushing, before.appliedSequence);
    atOnce(store.stage(changes))[Symbol.dispose]();
    await store.flush();
    assert.deepEqual(store.verify(), before);
    assert.equal(store.commit(changes).pointsCount, COUNT / 2);
    store.verify();
    const state = put(store, [pointOf(1, 9, 9)]);
    await store.close();
    await using again = await stores.open('a');
    assert.deepEqual(again.verify(), state);
  });
}

function fill(store: ReplicaStore): void {
  put(
    store,
    Array.from({ length: COUNT }, (_, id) => pointOf(id, 1, id % 9)),
  );
}

/** Half of the points deleted, some of the others changed, and a cut. */
function manyChanges(store: ReplicaStore): StoreChanges {
  const ids = Array.from({ length: COUNT / 2 }, (_, i) => 2 * i);
  return {
    ...next(store),
    puts: ids.slice(0, 300).map((id) => pointOf(id + 1, 2, id % 7)),
    deletes: ids,
    isCut: true,
  };
}
