import assert from 'node:assert/strict';
import test from 'node:test';
import { type StoredPoint, sequence, stamp } from '@tributary/model';
import fc from 'fast-check';
import { ContentHash, DIGEST_BYTES, EMPTY_CONTENT_HASH, pointDigest } from './content-hash.ts';

const MODULUS = 1n << 256n;

// Limbs of all zeros or ones are where carries and borrows run on.
const limb = fc.oneof(fc.constantFrom(0, 1, 0xffff_fffe, 0xffff_ffff), fc.nat(0xffff_ffff));
const digest = fc
  .array(limb, { minLength: DIGEST_BYTES / 4, maxLength: DIGEST_BYTES / 4 })
  .map((limbs) => new Uint8Array(Uint32Array.from(limbs).buffer));

test('the hash is the sum and difference mod 2^256 of its digests', () => {
  fc.assert(
    fc.property(digest, fc.array(fc.tuple(fc.boolean(), digest)), (start, steps) => {
      const hash = new ContentHash(hexOf(bigOf(start)));
      let expected = bigOf(start);
      for (const [isAdd, bytes] of steps) {
        if (isAdd) hash.add(bytes);
        else hash.subtract(bytes);
        expected = (expected + (isAdd ? 1n : -1n) * bigOf(bytes) + MODULUS) % MODULUS;
        assert.equal(hash.toString(), hexOf(expected));
      }
    }),
  );
});

test('adding and subtracting the same digests in any order gives the empty hash', () => {
  const shuffled = fc
    .array(digest)
    .chain((digests) =>
      fc.tuple(
        fc.shuffledSubarray(digests, { minLength: digests.length }),
        fc.shuffledSubarray(digests, { minLength: digests.length }),
      ),
    );
  fc.assert(
    fc.property(shuffled, ([added, subtracted]) => {
      const hash = new ContentHash();
      const half = Math.floor(added.length / 2);
      for (const bytes of added.slice(0, half)) hash.add(bytes);
      for (const bytes of subtracted) hash.subtract(bytes);
      for (const bytes of added.slice(half)) hash.add(bytes);
      assert.equal(hash.toString(), EMPTY_CONTENT_HASH);
    }),
  );
});

test('a text that is not 64 hex digits is not taken for a hash', () => {
  for (const text of ['', '0', 'g'.repeat(64), '0'.repeat(63), '0'.repeat(66)]) {
    assert.throws(() => new ContentHash(text), RangeError);
  }
});

test('the digest depends on every part of a point and not on the order of its vectors', () => {
  const point: StoredPoint = {
    id: 7,
    version: sequence(3),
    stamp: stamp(5),
    vectors: { a: Float32Array.of(1, 2), b: Float32Array.of(3) },
    payload: Buffer.from('{"x":1}'),
  };
  const variants: StoredPoint[] = [
    point,
    { ...point, id: 8 },
    { ...point, id: '00000000-0000-0000-0000-000000000007' },
    { ...point, version: sequence(4) },
    { ...point, stamp: stamp(6) },
    { ...point, origin: 'eu' },
    { ...point, origin: 'us' },
    { ...point, payload: Buffer.from('{"x":2}') },
    { ...point, payload: new Uint8Array(0) },
    { ...point, vectors: { a: Float32Array.of(1, 2) } },
    { ...point, vectors: { a: Float32Array.of(1), b: Float32Array.of(2, 3) } },
    { ...point, vectors: { a: Float32Array.of(1, 2), c: Float32Array.of(3) } },
    { ...point, vectors: { ab: Float32Array.of(1, 2), '': Float32Array.of(3) } },
    { ...point, vectors: { a: sparse([1, 2], [3, 4]) } },
    { ...point, vectors: { a: sparse([1, 3], [3, 4]) } },
    { ...point, vectors: { a: sparse([1, 2], [3, 5]) } },
    { ...point, vectors: { a: sparse([], []) } },
    { ...point, vectors: { a: Float32Array.of(3, 4) } },
    { ...point, vectors: { a: { size: 1, rows: Float32Array.of(3, 4) } } },
    { ...point, vectors: { a: { size: 2, rows: Float32Array.of(3, 4) } } },
  ];
  const digests = new Set(variants.map((variant) => pointDigest(variant).toString('hex')));
  assert.equal(digests.size, variants.length);
  const { a, b } = point.vectors;
  assert.ok(a !== undefined && b !== undefined);
  assert.deepEqual(pointDigest({ ...point, vectors: { b, a } }), pointDigest(point));
});

test('a digest stays what it is: replicas of two versions compare theirs', () => {
  const point: StoredPoint = {
    id: 42,
    version: sequence(1_000),
    stamp: stamp(2 ** 51 + 1),
    vectors: { '': Float32Array.of(0.5, -1) },
    payload: Buffer.from('{"a":"ü"}'),
  };
  assert.equal(pointDigest(point).toString('hex'), GOLDEN);
});

test('the digest of a point larger than the shared buffer is right and leaves later ones right', () => {
  const small: StoredPoint = {
    id: 1,
    version: sequence(1),
    stamp: stamp(1),
    vectors: {},
    payload: Buffer.from('{}'),
  };
  const before = pointDigest(small);
  const large = {
    ...small,
    vectors: { v: new Float32Array(65_536).fill(1) },
    payload: Buffer.alloc(2_000_000, 32),
  };
  assert.equal(pointDigest(large).toString('hex'), GOLDEN_LARGE);
  assert.deepEqual(pointDigest(small), before);
});

test('the digest of sparse and multi vectors stays what it is', () => {
  const point: StoredPoint = {
    id: 42,
    version: sequence(1_000),
    stamp: stamp(2 ** 51 + 1),
    vectors: {
      '': Float32Array.of(0.5, -1),
      words: sparse([3, 2 ** 32 - 1], [0.5, -1]),
      tokens: { size: 2, rows: Float32Array.of(1, 2, 3, 4) },
    },
    payload: Buffer.from('{"a":1}'),
  };
  assert.equal(pointDigest(point).toString('hex'), GOLDEN_FORMS);
});

function sparse(indices: readonly number[], values: readonly number[]) {
  return { indices: Uint32Array.from(indices), values: Float32Array.from(values) };
}

// Worked out from the canonical bytes by another program.
const GOLDEN = '848e70b843a2f7e56431821ab28e01bff03e7cdb2a4f92e4c17c44a59222c17a';
const GOLDEN_FORMS = '35bf8fe7de060dc46d617e5d87109cf21b0eaae46848e69a301fa3119850b391';
const GOLDEN_LARGE = '411f05c1a292f78bebd6c689997dd19c269f472dbad27b89d8f0ae77173f7f86';

function bigOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** Little-endian limbs of little-endian bytes: the bytes in order. */
function hexOf(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
}
