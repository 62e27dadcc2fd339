import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { planBuild, restMs, type SegmentSize } from './build-plan.ts';

const LIMITS = {
  tailVectorsMax: 10_000,
  graphVectorsMin: 10_000,
  deletedShareMax: 0.3,
  wornVectorsMin: 0,
};

/**
 * Adds vectors in steps and builds whenever the plan says so; returns the segments and the rows
 * built.
 */
function load(total: number, step: number): { segments: SegmentSize[]; built: number } {
  let segments: SegmentSize[] = [];
  let tail = 0;
  let built = 0;
  for (let added = 0; added < total; added += step) {
    tail += Math.min(step, total - added);
    const plan = planBuild(segments, tail, LIMITS);
    if (plan.kind !== 'build') continue;
    const { base, absorbed } = plan;
    const addedRows = tail + absorbed.reduce((sum, segment) => sum + segment.live, 0);
    const count = (base?.count ?? 0) + addedRows;
    segments = segments.filter((segment) => segment !== base && !absorbed.includes(segment));
    segments.push({ count, live: count });
    built += addedRows;
    tail = 0;
  }
  return { segments, built };
}

test('a bulk load builds each vector once and ends in few segments', () => {
  assert.deepEqual(load(50_000, 10_000).segments.length, 1);
  for (const total of [50_000, 1_000_000, 5_000_000]) {
    for (const step of [10_000, 17_000, 200_000]) {
      const { segments, built } = load(total, step);
      assert.ok(built <= total * 1.6, `${built} rows built for ${total}`);
      assert.ok(segments.length <= 1 + total / 300_000, `${segments.length} segments of ${total}`);
    }
  }
});

test('a worn segment is built again without its dead rows, or dissolved where few are left', () => {
  const worn = { count: 40_000, live: 20_000 };
  const sound = { count: 900_000, live: 900_000 };
  assert.deepEqual(planBuild([worn], 0, LIMITS), { kind: 'build', absorbed: [worn] });
  assert.deepEqual(planBuild([sound, worn], 9_000, LIMITS), {
    kind: 'build',
    base: sound,
    absorbed: [worn],
  });
  const nearlyEmpty = { count: 40_000, live: 500 };
  assert.deepEqual(planBuild([nearlyEmpty], 100, LIMITS), {
    kind: 'dissolve',
    segment: nearlyEmpty,
  });
});

test('the plan ends: after what it says is done, it says none', () => {
  const segment = fc
    .tuple(fc.integer({ min: 1, max: 500_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([count, share]) => ({ count, live: Math.floor(count * share) }));
  fc.assert(
    fc.property(
      fc.array(segment, { maxLength: 8, size: 'max' }),
      fc.nat(100_000),
      (given, givenTail) => {
        let segments: SegmentSize[] = given;
        let tail = givenTail;
        for (let turn = 0; turn <= given.length + 1; turn++) {
          const plan = planBuild(segments, tail, LIMITS);
          if (plan.kind === 'none') return;
          if (plan.kind === 'dissolve') {
            segments = segments.filter((each) => each !== plan.segment);
            tail += plan.segment.live;
          } else {
            const { base, absorbed } = plan;
            const added = tail + absorbed.reduce((sum, each) => sum + each.live, 0);
            segments = segments.filter((each) => each !== base && !absorbed.includes(each));
            segments.push({ count: (base?.count ?? 0) + added, live: (base?.live ?? 0) + added });
            tail = 0;
          }
        }
        assert.fail('builds never end');
      },
    ),
  );
});

test('a tail too small for a build is built at rest, into the segment that is cheapest to copy', () => {
  const large = { count: 900_000, live: 900_000 };
  const small = { count: 20_000, live: 20_000 };
  const atRest = { ...LIMITS, isAtRest: true };
  assert.deepEqual(planBuild([large, small], 1, LIMITS), { kind: 'none' });
  const extended = { kind: 'build', base: small, absorbed: [] };
  assert.deepEqual(planBuild([large, small], 1, atRest), extended);
  assert.deepEqual(planBuild([], 9_999, atRest), { kind: 'none' });
  assert.deepEqual(planBuild([], 10_000, { ...atRest, tailVectorsMax: 30_000 }), {
    kind: 'build',
    absorbed: [],
  });
});

test('nothing is built, and nothing given up, while the threshold is off', () => {
  const worn = { count: 40_000, live: 20_000 };
  const off = { ...LIMITS, graphVectorsMin: Number.POSITIVE_INFINITY, isAtRest: true };
  assert.deepEqual(planBuild([worn], 1_000_000, off), { kind: 'none' });
  assert.equal(planBuild([{ count: 5, live: 0 }], 0, off).kind, 'dissolve');
});

test('a small segment is not built again for what it has lost, an outdated one always is', () => {
  const worn = { count: 40_000, live: 20_000 };
  assert.deepEqual(planBuild([worn], 0, { ...LIMITS, wornVectorsMin: 40_001 }), { kind: 'none' });
  const isOutdated = () => true;
  const sound = { count: 40_000, live: 40_000 };
  assert.deepEqual(planBuild([sound], 0, { ...LIMITS, isOutdated }), {
    kind: 'build',
    absorbed: [sound],
  });
});

test('a build at rest copies for a twentieth of the time it waited, however large the segment', () => {
  assert.equal(restMs([], 128), 1_000);
  assert.equal(restMs([{ count: 1_000, live: 1_000 }], 128), 1_000);
  const copyingMs = 1_000_000 * 0.002_536;
  const waitedMs = restMs([{ count: 1_000_000, live: 1 }], 128);
  assert.ok(Math.abs(waitedMs - 20 * copyingMs) < 1, `${waitedMs}`);
});
