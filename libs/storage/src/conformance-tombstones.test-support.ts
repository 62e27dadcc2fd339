// The part of the conformance suite about tombstones and the two hashes.

import assert from 'node:assert/strict';
import {
  comparePointIds,
  type PointId,
  pointIdToBytes,
  type StoredPoint,
  sequence,
  stamp,
  type Tombstone,
} from '@tributary/model';
import { type Random, seededRandom } from '@tributary/runtime';
import { BucketSums } from './bucket-sums.ts';
import { ALL_KINDS_OF_ID, next, plain, pointOf, put } from './conformance-points.test-support.ts';
import { contentDigest, DigestSum, EMPTY_HASH, tombstoneDigest } from './content-hash.ts';
import type { ReplicaState, ReplicaStore, ReplicaStores } from './replica-store.ts';

type Body = (subject: { readonly stores: ReplicaStores }) => Promise<void>;

export function tombstoneTests(check: (property: string, body: Body) => void): void {
  check('a delete leaves what it is given to leave, and no read shows it', async ({ stores }) => {
    const store = await stores.open('a');
    put(store, [pointOf(1, 1, 1), pointOf(2, 1, 2), pointOf(3, 1, 3)]);
    const left = [tombstoneOf(9, 2), { ...tombstoneOf(1, 2), origin: 'süd' }];
    const state = bury(store, left, [1, 2, 9]);
    assert.deepEqual([state.pointsCount, state.tombstonesCount], [1, 2]);
    await store.close();
    await using again = await stores.open('a');
    assert.deepEqual(again.verify(), state);
    assert.deepEqual([...again.scanTombstones()], left.toReversed());
    assert.deepEqual(again.get([1, 2, 9]), [undefined, undefined, undefined]);
    assert.deepEqual(again.getPayloads([1, 9]), [undefined, undefined]);
    assert.deepEqual(plain([...again.scan()]), plain([pointOf(3, 1, 3)]));
    assert.deepEqual(
      Array.from(again.scanPayloads(), ({ id }) => id),
      [3],
    );
    assert.deepEqual(
      Array.from(again.scanDigests(), ({ id }) => id),
      [3, 1, 9],
    );
  });

  check('an upsert, a later delete and a collection take a tombstone away', async ({ stores }) => {
    await using store = await stores.open('a');
    const ids = [1, 2, 3, 4];
    bury(
      store,
      ids.map((id) => tombstoneOf(id, 1)),
      ids,
    );
    put(store, [pointOf(1, 2, 1)]);
    bury(store, [tombstoneOf(2, 3)], [2]);
    assert.deepEqual(
      [...store.scanTombstones()],
      [tombstoneOf(2, 3), tombstoneOf(3, 1), tombstoneOf(4, 1)],
    );
    assert.deepEqual(plain(store.get([1])), plain([pointOf(1, 2, 1)]));
    const below = stamp(3_000);
    const old = [...store.scanTombstones()].filter((each) => each.stamp < below);
    const collected = put(
      store,
      [],
      old.map(({ id }) => id),
    );
    assert.deepEqual([...store.scanTombstones()], [tombstoneOf(2, 3)]);
    assert.deepEqual(store.verify(), collected);
    put(store, [], [1, 2]);
    assert.equal(store.state.contentHash, EMPTY_HASH);
    assert.equal(store.state.stateHash, EMPTY_HASH);
    assert.equal(store.state.tombstonesCount, 0);
  });

  check('a tombstone of a point that is not deleted is refused', async ({ stores }) => {
    await using store = await stores.open('a');
    const before = put(store, [pointOf(1, 1, 1)]);
    assert.throws(() => bury(store, [tombstoneOf(2, 2)], [1]));
    assert.throws(() => bury(store, [tombstoneOf(1, 2)], []));
    assert.deepEqual(store.verify(), before);
  });

  check('both hashes count tombstones, and so do the buckets', async ({ stores }) => {
    const written = await stores.open('a');
    put(written, [pointOf(1, 1, 1)]);
    bury(written, [tombstoneOf(1, 2), tombstoneOf(2, 2)], [1, 2]);
    await written.close();
    await using store = await stores.open('a');
    const state = store.commit({ puts: [], deletes: [], ...next(store), isCut: true });
    const [content, sum, buckets] = [new DigestSum(), new DigestSum(), new BucketSums()];
    for (const id of [1, 2]) {
      const digest = tombstoneDigest(tombstoneOf(id, 2));
      sum.add(digest);
      content.add(contentDigest(digest, sequence(2)));
      buckets.add(pointIdToBytes(id), contentDigest(digest, sequence(2)));
    }
    assert.deepEqual([state.contentHash, state.stateHash], [content.toString(), sum.toString()]);
    assert.deepEqual(Buffer.from(store.bucketsAt(state.appliedSequence) ?? []), buckets.toBytes());
    assert.equal(store.cuts.at(-1)?.stateHash, state.stateHash);
  });

  check(
    'the hashes follow from the effects, however they are divided into batches and logs',
    async ({ stores }) => {
      for (let seed = 1; seed <= 6; seed++) {
        const effects = randomEffects(seededRandom(seed));
        const atOnce = await replayed(await stores.open(`once-${seed}`), effects, () => 1_000);
        const random = seededRandom(100 + seed);
        const inSteps = await replayed(
          await stores.open(`steps-${seed}`),
          effects,
          () => 1 + random.integer(9),
        );
        assert.equal(inSteps.contentHash, atOnce.contentHash);
        assert.equal(inSteps.stateHash, atOnce.stateHash);
        // The last effect of each id alone, in another order, at other sequences: another log with the same outcome.
        const lasts = new Map(effects.map((effect) => [effect.id, effect]));
        const reordered = [...lasts.values()].reverse().map((effect, i) => {
          return { ...effect, version: sequence(5_000 + i) };
        });
        const elsewhere = await replayed(await stores.open(`else-${seed}`), reordered, () => 7);
        assert.equal(elsewhere.stateHash, atOnce.stateHash);
        assert.notEqual(elsewhere.contentHash, atOnce.contentHash);
        const changed = reordered.map((effect, i) => (i === 3 ? withOtherByte(effect) : effect));
        const different = await replayed(await stores.open(`diff-${seed}`), changed, () => 7);
        assert.notEqual(different.stateHash, atOnce.stateHash);
      }
    },
  );
}

type Effect = StoredPoint | Tombstone;

function tombstoneOf(id: PointId, version: number): Tombstone {
  return { id, version: sequence(version), stamp: stamp(1_000 * version) };
}

function bury(
  store: ReplicaStore,
  tombstones: readonly Tombstone[],
  deletes: readonly PointId[],
): ReplicaState {
  return store.commit({ puts: [], deletes, tombstones, ...next(store) });
}

function isPoint(effect: Effect): effect is StoredPoint {
  return 'payload' in effect;
}

function randomEffects(random: Random): Effect[] {
  return Array.from({ length: 120 }, (_, i) => {
    const id = ALL_KINDS_OF_ID[random.integer(24)] ?? random.integer(30);
    const version = i + 1;
    if (random.next() < 0.4) return tombstoneOf(id, version);
    return pointOf(id, version, random.integer(1_000));
  });
}

/** Verified: what is kept up with each change is what the records give. Closes the store. */
async function replayed(
  store: ReplicaStore,
  effects: readonly Effect[],
  length: () => number,
): Promise<ReplicaState> {
  await using _ = store;
  for (let from = 0; from < effects.length; ) {
    const to = from + length();
    const merged = new Map(effects.slice(from, to).map((effect) => [effect.id, effect]));
    const all = [...merged.values()].sort((a, b) => comparePointIds(a.id, b.id));
    const tombstones = all.filter((effect) => !isPoint(effect));
    store.commit({
      puts: all.filter(isPoint),
      deletes: tombstones.map(({ id }) => id),
      tombstones,
      ...next(store),
    });
    from = to;
  }
  return store.verify();
}

function withOtherByte(effect: Effect): Effect {
  if (!isPoint(effect)) return { ...effect, stamp: stamp(effect.stamp + 1) };
  const payload = Uint8Array.from(effect.payload);
  payload[payload.length - 1] = (payload.at(-1) ?? 0) ^ 1;
  return { ...effect, payload };
}
