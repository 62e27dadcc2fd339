// The part of the conformance suite about cuts.

import assert from 'node:assert/strict';
import { type PointId, pointIdToBytes, sequence } from '@tributary/model';
import { BucketSums, differingBuckets } from './bucket-sums.ts';
import { next, pointOf, put } from './conformance-points.test-support.ts';
import { contentDigest, DigestSum, pointDigest } from './content-hash.ts';
import {
  CUTS_KEPT,
  cutOf,
  type ReplicaState,
  type ReplicaStore,
  type ReplicaStores,
} from './replica-store.ts';

type Body = (subject: { readonly stores: ReplicaStores }) => Promise<void>;

export function cutTests(check: (property: string, body: Body) => void): void {
  check(
    'a cut is the state of its commit, and stays when the store is opened again',
    async (subject) => {
      const { stores } = subject;
      const store = await stores.open('a');
      assert.deepEqual(store.cuts, []);
      put(store, [pointOf(1, 1, 1), pointOf(2, 1, 2)]);
      const first = cutOf(cut(store));
      put(store, [pointOf(3, 3, 3)], [1]);
      const second = cutOf(cut(store));
      put(store, [], [2, 3]);
      assert.deepEqual(store.cuts, [first, second]);
      const buckets = store.bucketsAt(first.sequence);
      assert.ok(buckets !== undefined);
      assert.equal(store.bucketsAt(sequence(1)), undefined);
      await store.close();
      await using again = await stores.open('a');
      assert.deepEqual(again.cuts, [first, second]);
      assert.deepEqual(again.bucketsAt(first.sequence), buckets);
    },
  );

  check('the newest cuts are kept', async ({ stores }) => {
    await using store = await stores.open('a');
    const made = Array.from({ length: CUTS_KEPT + 3 }, () => cutOf(cut(store)));
    assert.deepEqual(store.cuts, made.slice(3));
    assert.equal(store.bucketsAt(sequence(3)), undefined);
    assert.ok(store.bucketsAt(sequence(4)));
  });

  check('buckets follow from the points alone, and name those that differ', async ({ stores }) => {
    const ids: PointId[] = Array.from({ length: 300 }, (_, id) => id);
    const points = ids.map((id) => pointOf(id, 1, Number(id)));
    await using atOnce = await stores.open('a');
    put(atOnce, points);
    let bySteps = await stores.open('b');
    put(bySteps, [...points, pointOf(999, 1, 9)].reverse());
    put(bySteps, [pointOf(5, 2, 7), pointOf(6, 2, 7)], [999, 7]);
    // Opened in between and never walked over, as after a crash.
    await bySteps.close();
    bySteps = await stores.open('b');
    await using _ = bySteps;
    put(
      bySteps,
      [5, 6, 7].map((id) => pointOf(id, 1, id)),
    );
    const whole = bucketsOf(atOnce);
    assert.deepEqual(bucketsOf(bySteps), whole);
    assert.deepEqual(cut(atOnce).contentHash, bySteps.state.contentHash);
    for (const point of bySteps.scan()) assert.ok(point);
    put(bySteps, [pointOf(7, 9, 9)]);
    assert.equal(differingBuckets(bucketsOf(bySteps), whole).length, 1);
  });

  check('the digests of one state add up to its hash and its buckets', async ({ stores }) => {
    await using store = await stores.open('a');
    const points = [3, 1, 2].map((id) => pointOf(id, 1, id));
    put(store, points);
    const before = cut(store);
    const buckets = store.bucketsAt(before.appliedSequence);
    const digests = store.scanDigests();
    const [first] = digests;
    const expected = contentDigest(pointDigest(pointOf(1, 1, 1)), sequence(1));
    assert.deepEqual(Buffer.from(first?.digest ?? []), expected);
    const walked = store.scanDigests();
    put(store, [pointOf(4, 3, 4)], [1]);
    const [hash, sums] = [new DigestSum(), new BucketSums()];
    const ids: PointId[] = [];
    for (const { id, version, digest } of walked) {
      assert.equal(version, 1);
      ids.push(id);
      hash.add(digest);
      sums.add(pointIdToBytes(id), digest);
    }
    assert.deepEqual(ids, [1, 2, 3]);
    assert.equal(hash.toString(), before.contentHash);
    assert.deepEqual(sums.toBytes(), Buffer.from(buckets ?? []));
  });
}

function cut(store: ReplicaStore): ReplicaState {
  return store.commit({ puts: [], deletes: [], ...next(store), isCut: true });
}

function bucketsOf(store: ReplicaStore): Uint8Array {
  const buckets = store.bucketsAt(cut(store).appliedSequence);
  assert.ok(buckets !== undefined);
  return buckets;
}
