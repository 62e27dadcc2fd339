import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { defaultTailVectorsMax } from '../create-vector-index.ts';
import { isGraphCheaper } from './search-plan.ts';

const cost = fc.record({
  size: fc.integer({ min: 1, max: 65_536 }),
  segments: fc.integer({ min: 1, max: 10 }),
  sealed: fc.integer({ min: 1, max: 10_000_000 }),
  tail: fc.nat(20_000),
  ef: fc.integer({ min: 1, max: 1_000 }),
});

test('measured: 50,000 vectors of 128 dimensions are walked unless a filter takes a tenth or less', () => {
  const measured = { size: 128, segments: 1, sealed: 50_000, tail: 0, ef: 100 };
  assert.ok(isGraphCheaper(measured));
  assert.ok(isGraphCheaper({ ...measured, accepted: 25_000 }));
  assert.ok(!isGraphCheaper({ ...measured, accepted: 5_000 }));
  assert.ok(!isGraphCheaper({ ...measured, sealed: 2_000 }));
  assert.ok(!isGraphCheaper({ ...measured, segments: 0, sealed: 0 }));
});

test('measured: a filter is walked only where the walk is cheaper than the scan of what it accepts', () => {
  // Shares where both take as long, 50,000 vectors of 128 dimensions, by the candidate list's size.
  const evenAt = [
    [32, 0.21],
    [64, 0.27],
    [128, 0.35],
  ] as const;
  for (const [ef, share] of evenAt) {
    const cost = { size: 128, segments: 1, sealed: 50_000, tail: 0, ef };
    const accepting = (part: number) => isGraphCheaper({ ...cost, accepted: 50_000 * part });
    assert.ok(!accepting(share * 0.9), `ef ${ef}: scanned below`);
    assert.ok(accepting(share * 1.3), `ef ${ef}: walked well above`);
  }
});

test('a smaller filter or a longer candidate list never makes the graph the choice', () => {
  fc.assert(
    fc.property(cost, fc.double({ min: 0, max: 1, noNaN: true }), (each, share) => {
      const accepted = Math.floor((each.sealed + each.tail) * share);
      if (isGraphCheaper({ ...each, accepted })) return;
      assert.ok(!isGraphCheaper({ ...each, accepted: Math.floor(accepted / 2) }));
      assert.ok(!isGraphCheaper({ ...each, accepted, ef: each.ef * 2 }));
    }),
  );
});

test('the default tail shrinks as vectors grow, within a range that is worth a graph', () => {
  const sizes = [2, 32, 128, 384, 768, 1_536, 65_536];
  const tails = sizes.map((size) => defaultTailVectorsMax(size));
  assert.deepEqual(
    tails,
    [...tails].sort((a, b) => b - a),
  );
  for (const tail of tails) assert.ok(tail >= 5_000 && tail <= 50_000, `${tail}`);
});

test('with codes a scan is chosen up to several times as many rows, and not for a filter', () => {
  const cost = { size: 128, segments: 1, sealed: 12_000, tail: 0, ef: 100 };
  assert.equal(isGraphCheaper(cost), true);
  assert.equal(isGraphCheaper({ ...cost, codes: 'scalar' }), false);
  assert.equal(isGraphCheaper({ ...cost, codes: 'scalar', sealed: 100_000 }), true);
  const filtered = { ...cost, sealed: 50_000, accepted: 40_000 };
  assert.equal(isGraphCheaper({ ...filtered, codes: 'binary' }), isGraphCheaper(filtered));
});
