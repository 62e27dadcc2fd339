import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type CollectionId,
  collectionId,
  type Sequence,
  type ShardId,
  sequence,
  shardId,
} from '@tributary/model';
import fc from 'fast-check';
import { AppliedWaiters, type Waiter } from './applied-waiters.ts';

const COLLECTIONS = ['a', 'b'].map(collectionId);

type Step = readonly [
  collection: CollectionId,
  wanted: ReadonlyMap<ShardId, Sequence>,
  removed: boolean,
];

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom(...COLLECTIONS),
    fc
      .array(fc.tuple(fc.nat(2).map(shardId), fc.integer({ min: 1, max: 9 }).map(sequence)))
      .map((pairs) => new Map(pairs)),
    fc.boolean(),
  ),
);

test('a report finds those who wait for what it says or less, and no one else', () => {
  fc.assert(
    fc.property(steps, fc.nat(2).map(shardId), fc.nat(9).map(sequence), (each, shard, applied) => {
      const waiters = new AppliedWaiters();
      const present: Waiter[] = [];
      for (const [collection, sequences, isRemoved] of each) {
        const waiter = {
          wanted: { collection, sequences },
          condition: () => false,
          settle: () => {},
        };
        waiters.add(waiter);
        present.push(waiter);
        const [first] = present;
        if (isRemoved && first !== undefined) waiters.remove(present.shift() ?? first);
      }
      assert.equal(waiters.size, present.length);
      for (const collection of COLLECTIONS) {
        const expected = present.filter(({ wanted }) => {
          const least = wanted.sequences.get(shard);
          return wanted.collection === collection && least !== undefined && least <= applied;
        });
        const reached = waiters.reached(collection, shard, applied);
        assert.deepEqual(new Set(reached), new Set(expected));
        assert.equal(reached.length, expected.length);
      }
      for (const waiter of present) waiters.remove(waiter);
      assert.equal(waiters.size, 0);
      assert.deepEqual(waiters.reached(COLLECTIONS[0] ?? collectionId('a'), shard, applied), []);
    }),
  );
});
