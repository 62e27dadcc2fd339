import assert from 'node:assert/strict';
import test from 'node:test';
import { type StoredPoint, sequence, stamp, type Tombstone } from '@tributary/model';
import fc from 'fast-check';
import {
  contentDigest,
  DIGEST_BYTES,
  DigestSum,
  EMPTY_HASH,
  pointDigest,
  tombstoneDigest,
} from './content-hash.ts';

const MODULUS = 1n << 256n;

// Limbs of all zeros or ones are where carries and borrows run on.
const limb = fc.oneof(fc.constantFrom(0, 1, 0xffff_fffe, 0xffff_ffff), fc.nat(0xffff_ffff));
const digest = fc
  .array(limb, { minLength: DIGEST_BYTES / 4, maxLength: DIGEST_BYTES / 4 })
  .map((limbs) => new Uint8Array(Uint32Array.from(limbs).buffer));

test('the hash is the sum and difference mod 2^256 of its digests', () => {
  fc.assert(
    fc.property(digest, fc.array(fc.tuple(fc.boolean(), digest)), (start, steps) => {
      const hash = new DigestSum(hexOf(bigOf(start)));
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
      const hash = new DigestSum();
      const half = Math.floor(added.length / 2);
      for (const bytes of added.slice(0, half)) hash.add(bytes);
      for (const bytes of subtracted) hash.subtract(bytes);
      for (const bytes of added.slice(half)) hash.add(bytes);
      assert.equal(hash.toString(), EMPTY_HASH);
    }),
  );
});

test('a text that is not 64 hex digits is not taken for a hash', () => {
  for (const text of ['', '0', 'g'.repeat(64), '0'.repeat(63), '0'.repeat(66)]) {
    assert.throws(() => new DigestSum(text), RangeError);
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

test('the content digest depends on the version as well, the digest of a point does not', () => {
  const point = { id: 7, stamp: stamp(5), vectors: {}, payload: Buffer.from('{}') };
  const digest = pointDigest({ ...point, version: sequence(3) });
  assert.deepEqual(pointDigest({ ...point, version: sequence(4) }), digest);
  const versions = [0, 1, 2, 3, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 53 - 1].map(sequence);
  const contents = versions.map((version) => contentDigest(digest, version));
  const others = versions.map((version) =>
    contentDigest(pointDigest({ ...point, id: 8, version }), version),
  );
  const all = [...contents, ...others];
  for (let limb = 0; limb < DIGEST_BYTES; limb += 4) {
    const limbs = new Set(all.map((content) => content.readUInt32LE(limb)));
    assert.equal(limbs.size, all.length, `each is another number at ${limb}`);
  }
});

test('the digest of a tombstone depends on every part but the version, and is not that of a point', () => {
  const tombstone: Tombstone = { id: 7, version: sequence(3), stamp: stamp(5) };
  const digest = tombstoneDigest(tombstone);
  assert.deepEqual(tombstoneDigest({ ...tombstone, version: sequence(4) }), digest);
  const others = [
    tombstoneDigest({ ...tombstone, id: 8 }),
    tombstoneDigest({ ...tombstone, stamp: stamp(6) }),
    tombstoneDigest({ ...tombstone, origin: 'eu' }),
    pointDigest({ ...tombstone, vectors: {}, payload: new Uint8Array(0) }),
  ];
  for (const other of others) assert.notDeepEqual(other, digest);
  assert.equal(digest.toString('hex'), GOLDEN_TOMBSTONE);
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
  assert.equal(contentDigest(pointDigest(point), point.version).toString('hex'), GOLDEN_CONTENT);
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
const GOLDEN_CONTENT = 'd4bcacba941aac3460fe8ec45c1360c0f1cceace9a295d5a55da0d7a341706cb';
const GOLDEN_TOMBSTONE = 'c9ec5bf184ea62f103e5b9097ef4b36ddfe6027fd1dfd6f936526ef846f64849';
const GOLDEN = '2ae5e79e1bb04016a15661c1abffab7597c250de7fcaa7dea183beac9c29fb34';
const GOLDEN_FORMS = '0bc766a45b60a421bb34abc8abd8cf9a1923efcae668674c2fca814ee3525792';
const GOLDEN_LARGE = 'c5ec884a8252152d7024cffebe8c91f0916328bfcba9baeee090503d689758a1';

function bigOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** Little-endian limbs of little-endian bytes: the bytes in order. */
function hexOf(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
}
