import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '@tributary/runtime';
import { PullBudget, type PullClaim } from './pull-budget.ts';

const OPTIONS = { totalBytes: 100, pullBytesMin: 10, pullBytesMax: 40 };

test('for any requests of readers, no more is held than there is, and all are served in turn', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const budget = new PullBudget(OPTIONS);
    const order: number[] = [];
    const asked: number[] = [];
    const claims: PullClaim[] = Array.from({ length: 20 }, (_, i) =>
      budget.claim((bytes) => {
        order.push(i);
        assert.ok(bytes >= OPTIONS.pullBytesMin);
      }),
    );
    for (let step = 0; step < 300; step++) {
      const i = random.integer(claims.length);
      const claim = claims[i];
      assert.ok(claim !== undefined);
      const isWaiting =
        asked.filter((each) => each === i).length > order.filter((each) => each === i).length;
      if (random.integer(2) === 0) {
        if (!claim.raise(budget.pullBytes) && !isWaiting) asked.push(i);
      } else {
        claim.lowerTo(random.integer(2) * Math.floor(claim.heldBytes / 2));
      }
      assert.ok(budget.heldBytes <= OPTIONS.totalBytes);
      assert.equal(
        budget.heldBytes,
        claims.reduce((sum, { heldBytes }) => sum + heldBytes, 0),
      );
    }
    for (let round = 0; round < asked.length; round++) for (const claim of claims) claim.lowerTo(0);
    assert.deepEqual(order, asked, `seed ${seed}`);
    for (const claim of claims) claim.close();
    assert.equal(budget.heldBytes, 0);
    assert.equal(budget.pullBytes, OPTIONS.pullBytesMax, 'no one counts as a reader');
  }
});

test('a claim that is closed while it waits does not hold up those behind it', () => {
  const budget = new PullBudget(OPTIONS);
  const granted: string[] = [];
  const [first, second, third] = ['first', 'second', 'third'].map((name) =>
    budget.claim(() => granted.push(name)),
  );
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.equal(first.raise(90), true);
  assert.equal(second.raise(20), false);
  assert.equal(third.raise(10), false, 'not before the one that waits');
  second.close();
  first.lowerTo(80);
  assert.deepEqual(granted, ['third']);
});

test('the more read, the smaller is a pull, but never smaller than a message', () => {
  const budget = new PullBudget(OPTIONS);
  const sizes = Array.from({ length: 8 }, () => {
    budget.claim(() => {}).raise(10);
    return budget.pullBytes;
  });
  assert.deepEqual(sizes, [40, 25, 17, 13, 10, 10, 10, 10]);
});
