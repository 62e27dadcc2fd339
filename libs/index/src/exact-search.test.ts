// The scan through the index's front door, compared with a sort of all scores.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DISTANCES, type Distance, higherIsBetter, pointOffset } from '@tributary/model';
import { seededRandom, TributaryError } from '@tributary/runtime';
import fc from 'fast-check';
import {
  noBuilder,
  offsetSet,
  openIndex,
  scoreOf,
  searchFor,
  temporaryFolder,
} from './index.test-support.ts';
import type { IndexSearch, VectorIndex } from './vector-index.ts';

const SIZES = [...Array.from({ length: 40 }, (_, i) => i + 1), 128, 257];

interface Case {
  readonly size: number;
  readonly distance: Distance;
  readonly vectors: number;
  readonly removed: number;
  readonly limit: number;
  readonly acceptedShare: number | null;
  readonly hasThreshold: boolean;
  readonly seed: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  size: fc.constantFrom(...SIZES),
  distance: fc.constantFrom(...DISTANCES),
  vectors: fc.oneof(fc.nat(20), fc.integer({ min: 1_020, max: 2_100 })),
  removed: fc.nat(30),
  limit: fc.oneof(fc.nat(20), fc.constant(5_000)),
  acceptedShare: fc.option(fc.constantFrom(0, 0.01, 0.3, 1)),
  hasThreshold: fc.boolean(),
  seed: fc.nat(),
});

/** Small integers, so that scores are exact in float32 and ties abound; or fractions. */
function fill(index: VectorIndex, each: Case): Map<number, Float32Array> {
  const random = seededRandom(each.seed);
  const held = new Map<number, Float32Array>();
  for (let i = 0; i < each.vectors; i++) {
    const vector = Float32Array.from({ length: each.size }, () => random.integer(9) - 4);
    index.add(pointOffset(3 * i), vector);
    held.set(3 * i, vector);
  }
  for (let i = 0; i < each.removed && held.size > 0; i++) {
    const offset = pointOffset(3 * random.integer(each.vectors));
    index.remove(offset);
    held.delete(offset);
  }
  return held;
}

function bruteForce(
  held: ReadonlyMap<number, Float32Array>,
  query: Float32Array,
  distance: Distance,
  search: IndexSearch,
  accepted: ReadonlySet<number> | undefined,
): { offset: number; score: number }[] {
  const sign = higherIsBetter(distance) ? -1 : 1;
  const { scoreThreshold } = search;
  return [...held]
    .filter(([offset]) => accepted?.has(offset) ?? true)
    .map(([offset, vector]) => ({ offset, score: Math.fround(scoreOf(distance, query, vector)) }))
    .filter(({ score }) => scoreThreshold === undefined || sign * (score - scoreThreshold) < 0)
    .sort((a, b) => sign * (a.score - b.score) || a.offset - b.offset)
    .slice(0, search.limit);
}

test('a scan gives what a sort of all scores gives: distances, sizes, sets, removals, thresholds', async () => {
  await using folder = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(cases, async (each) => {
      await using index = await openIndex({
        size: each.size,
        distance: each.distance,
        folder: folder.path,
        builder: noBuilder,
      });
      const held = fill(index, each);
      const random = seededRandom(each.seed + 1);
      const query = Float32Array.from({ length: each.size }, () => random.integer(9) - 4);
      const end = 3 * each.vectors;
      const share = each.acceptedShare;
      const accepted =
        share === null
          ? undefined
          : new Set(Array.from({ length: end }, (_, i) => i).filter(() => random.next() < share));
      const search = searchFor({
        limit: each.limit,
        ...(accepted === undefined ? {} : { accept: offsetSet(accepted, end) }),
        ...(each.hasThreshold ? { scoreThreshold: random.integer(20) } : {}),
      });
      const hits = index.search(query, search);
      const got = [...hits.offsets].map((offset, i) => ({ offset, score: hits.scores[i] }));
      assert.deepEqual(got, bruteForce(held, query, each.distance, search, accepted));
    }),
    { numRuns: 250 },
  );
});

test('scores of fractions are those of the definition, to float32', async () => {
  await using folder = await temporaryFolder();
  const random = seededRandom(7);
  for (const distance of DISTANCES) {
    for (const size of [1, 5, 128, 1_536]) {
      await using index = await openIndex({
        size,
        distance,
        folder: folder.path,
        builder: noBuilder,
      });
      const next = () => Float32Array.from({ length: size }, () => random.next() - 0.5);
      const vectors = Array.from({ length: 50 }, next);
      for (const [i, vector] of vectors.entries()) index.add(pointOffset(i), vector);
      const query = next();
      const { offsets, scores } = index.search(query, searchFor({ limit: 50 }));
      assert.equal(offsets.length, 50);
      for (const [i, offset] of offsets.entries()) {
        const expected = scoreOf(distance, query, vectors[offset] ?? query);
        assert.ok(Math.abs((scores[i] ?? 0) - expected) < 1e-5 * Math.max(1, Math.abs(expected)));
      }
    }
  }
});

test('vectors whose scores overflow are found all the same', async () => {
  await using folder = await temporaryFolder();
  for (const distance of DISTANCES) {
    await using index = await openIndex({
      size: 2,
      distance,
      folder: folder.path,
      builder: noBuilder,
    });
    const huge = 3e38;
    index.add(pointOffset(0), Float32Array.of(huge, huge));
    index.add(pointOffset(1), Float32Array.of(-huge, huge));
    const { offsets } = index.search(Float32Array.of(huge, -huge), searchFor({}));
    assert.deepEqual([...offsets].sort(), [0, 1]);
  }
});

test('a vector or query of another length or with a value not finite is refused', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({ size: 3, folder: folder.path, builder: noBuilder });
  const wrong = [
    Float32Array.of(1, 2),
    Float32Array.of(1, 2, 3, 4),
    Float32Array.of(1, Number.NaN, 3),
    Float32Array.of(1, 2, Number.POSITIVE_INFINITY),
  ];
  const isWrongInput = (error: unknown) =>
    error instanceof TributaryError && error.code === 'wrong_input';
  for (const vector of wrong) {
    assert.throws(() => index.add(pointOffset(0), vector), isWrongInput);
    assert.throws(() => index.search(vector, searchFor({})), isWrongInput);
  }
  assert.throws(
    () => index.search(Float32Array.of(1, 2, 3), searchFor({ limit: 0.5 })),
    isWrongInput,
  );
  assert.throws(() => index.search(Float32Array.of(1, 2, 3), searchFor({ ef: -1 })), isWrongInput);
  assert.equal(index.stats().vectors, 0);
});

test('the widest vector allowed is kept and found', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({ size: 65_536, folder: folder.path, builder: noBuilder });
  const random = seededRandom(3);
  for (let i = 0; i < 5; i++) {
    index.add(
      pointOffset(i),
      Float32Array.from({ length: 65_536 }, () => random.next() - 0.5),
    );
  }
  const third = index.get(pointOffset(3));
  assert.ok(third !== undefined);
  assert.equal(index.search(third.slice(), searchFor({ limit: 1 })).offsets[0], 3);
});
