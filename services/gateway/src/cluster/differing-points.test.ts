import assert from 'node:assert/strict';
import test from 'node:test';
import { sequence } from '@tributary/model';
import fc from 'fast-check';
import { differingPoints } from './differing-points.ts';

interface Held {
  readonly version: number;
  readonly content: number;
}
type Log = readonly { readonly id: number; readonly content: number | undefined }[];

const logs: fc.Arbitrary<Log> = fc.array(
  fc.record({ id: fc.nat(5), content: fc.option(fc.nat(3), { nil: undefined }) }),
  { minLength: 1, maxLength: 25 },
);

/** What a replica holds after the first entries of the log; it lost what `lost` names of them. */
function heldAfter(log: Log, applied: number, lost?: number): Map<number, Held> {
  const held = new Map<number, Held>();
  for (const [i, { id, content }] of log.slice(0, applied).entries()) {
    if (i === lost) continue;
    if (content === undefined) held.delete(id);
    else held.set(id, { version: i + 1, content });
  }
  return held;
}

function bucketOf(held: ReadonlyMap<number, Held>, applied: number) {
  const points = [...held].map(([id, { version, content }]) => {
    return { id, version: sequence(version), digest: Uint8Array.of(version, content) };
  });
  return { appliedSequence: sequence(applied), points };
}

const places = fc.tuple(fc.nat(25), fc.nat(25));

test('replicas that apply one log differ in no point, however far each of them is', () => {
  fc.assert(
    fc.property(logs, places, (log, [far, near]) => {
      const [a, b] = [Math.min(far, log.length), Math.min(near, log.length)];
      const found = differingPoints(bucketOf(heldAfter(log, a), a), bucketOf(heldAfter(log, b), b));
      assert.deepEqual(found, []);
    }),
    { numRuns: 1_000 },
  );
});

test('a lost entry names its point and no other, and at one sequence it names each that differs', () => {
  let named = 0;
  fc.assert(
    fc.property(logs, places, fc.nat(24), (log, [far, near], lost) => {
      const [a, b] = [Math.min(far, log.length), Math.min(near, log.length)];
      const [whole, torn] = [heldAfter(log, a), heldAfter(log, b, lost)];
      const found = differingPoints(bucketOf(whole, a), bucketOf(torn, b));
      const mirrored = differingPoints(bucketOf(torn, b), bucketOf(whole, a));
      assert.deepEqual(mirrored.toSorted(), found.toSorted());
      for (const id of found) assert.equal(id, log[lost]?.id);
      named += found.length;
      if (a !== b) return;
      const ids = [...new Set([...whole.keys(), ...torn.keys()])];
      const expected = ids.filter((id) => whole.get(id)?.version !== torn.get(id)?.version);
      assert.deepEqual(found.toSorted(), expected.toSorted());
    }),
    { numRuns: 2_000 },
  );
  assert.ok(named > 50, `only ${named} were named`);
});

test('a record with other bytes at the same version is named', () => {
  const held = new Map([
    [1, { version: 3, content: 1 }],
    [2, { version: 4, content: 1 }],
  ]);
  const other = new Map(held).set(2, { version: 4, content: 2 });
  assert.deepEqual(differingPoints(bucketOf(held, 5), bucketOf(other, 9)), [2]);
});
