import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { sipHash, sliceOfId } from './id-slice.ts';
import { pointIdToBytes } from './point-id.ts';

/** The hash as its description writes it, in integers of any size. */
function naive(bytes: Uint8Array, [k0, k1]: readonly [bigint, bigint]): bigint {
  const mask = 2n ** 64n - 1n;
  const rotate = (x: bigint, bits: bigint) => ((x << bits) | (x >> (64n - bits))) & mask;
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = () => {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = new Uint8Array(Math.floor(bytes.length / 8 + 1) * 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const word = view.getBigUint64(at, true);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

test('the hash gives the test vector of its paper', () => {
  const input = Uint8Array.from({ length: 15 }, (_, i) => i);
  const key = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n] as const;
  assert.equal(sipHash(input, key), 0xa129ca6149be45e5n);
});

test('the hash in pairs of words is the hash in whole ones', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n)),
      (bytes, key) => assert.equal(sipHash(bytes, key), naive(bytes, key)),
    ),
  );
});

test('an id is hashed as eight bytes little-endian, or the sixteen of a UUID', () => {
  const total = 1_000_003;
  const slice = (bytes: Uint8Array) => Number(naive(bytes, [0n, 0n]) % BigInt(total));
  assert.equal(sliceOfId(258, total), slice(Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0)));
  assert.equal(sliceOfId(2n ** 63n, total), slice(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128)));
  const uuid = '00010203-0405-0607-0809-0a0b0c0d0e0f';
  assert.equal(sliceOfId(uuid, total), slice(Uint8Array.from({ length: 16 }, (_, i) => i)));
});

test('integers and UUIDs of any size are in the slice that their bytes say', () => {
  const total = fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.maxSafeInteger().filter((n) => n > 0),
  );
  const integers = fc.oneof(
    fc.maxSafeInteger().map(Math.abs),
    fc.bigInt(2n ** 53n, 2n ** 64n - 1n),
  );
  fc.assert(
    fc.property(fc.oneof(integers, fc.uuid()), total, (id, slices) => {
      const bytes = pointIdToBytes(id).slice(1);
      if (typeof id !== 'string') bytes.reverse();
      assert.equal(sliceOfId(id, slices), Number(naive(bytes, [0n, 0n]) % BigInt(slices)));
    }),
  );
});

test('every id is in exactly one slice, and slices are of about one size', () => {
  const counts = [0, 0, 0, 0];
  for (let id = 0; id < 4_000; id++) {
    const slice = sliceOfId(id, 4);
    counts[slice] = (counts[slice] ?? Number.NaN) + 1;
  }
  assert.ok(
    counts.every((count) => count > 850 && count < 1_150),
    String(counts),
  );
});
