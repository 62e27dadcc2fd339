import assert from 'node:assert/strict';
import test from 'node:test';
import { type PointId, pointIdToBytes } from '@tributary/model';
import fc from 'fast-check';
import { positionOfPoint } from './point-position.ts';

const MASK = 2n ** 64n - 1n;

/** The definition, word for word. */
function definition(id: PointId, buckets: number): number {
  let key = 0xcbf29ce484222325n;
  for (const byte of pointIdToBytes(id)) key = ((key ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  let bucket = -1;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    key = (key * 2862933555777941757n + 1n) & MASK;
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(key >> 33n) + 1)));
  }
  return bucket;
}

const pointIds = fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 2n ** 53n, max: MASK }), fc.uuid());

test('the fast hash is the definition in 64-bit arithmetic', () => {
  fc.assert(
    fc.property(pointIds, fc.integer({ min: 1, max: 1000 }), (id, shardNumber) => {
      assert.equal(positionOfPoint(id, shardNumber), definition(id, shardNumber));
    }),
    { numRuns: 2000 },
  );
});

test('the shard of these points never changes', () => {
  const golden: readonly (readonly [PointId, number, number])[] = [
    [0, 6, 1],
    [0, 1000, 601],
    [1, 6, 1],
    [1, 1000, 935],
    [42, 6, 2],
    [42, 1000, 727],
    [4294967296, 6, 2],
    [4294967296, 1000, 534],
    [9007199254740991, 6, 3],
    [9007199254740991, 1000, 504],
    [9007199254740992n, 6, 0],
    [9007199254740992n, 1000, 425],
    [18446744073709551615n, 6, 2],
    [18446744073709551615n, 1000, 201],
    ['00000000-0000-0000-0000-000000000000', 6, 2],
    ['00000000-0000-0000-0000-000000000000', 1000, 100],
    ['550e8400-e29b-41d4-a716-446655440000', 6, 0],
    ['550e8400-e29b-41d4-a716-446655440000', 1000, 957],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', 6, 4],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', 1000, 883],
  ];
  for (const [id, shardNumber, shard] of golden) {
    assert.equal(positionOfPoint(id, shardNumber), shard, `${id} of ${shardNumber}`);
  }
});

test('a new shard takes points from the others and moves none between them', () => {
  fc.assert(
    fc.property(pointIds, fc.integer({ min: 1, max: 100 }), (id, shardNumber) => {
      const before = positionOfPoint(id, shardNumber);
      const after = positionOfPoint(id, shardNumber + 1);
      assert.ok(after === before || after === shardNumber);
    }),
  );
});

test('consecutive numbers and strided numbers spread evenly', () => {
  const shardNumber = 12;
  for (const stride of [1, 2, 256, 1024, 2 ** 32]) {
    const counts = new Array<number>(shardNumber).fill(0);
    const total = 24_000;
    for (let i = 0; i < total; i++) {
      const shard = positionOfPoint(i * stride, shardNumber);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    const expected = total / shardNumber;
    // Chi squared with 11 degrees of freedom passes 50 about once in two million times.
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    assert.ok(chiSquared < 50, `stride ${stride}: ${counts}`);
  }
});
