// What is asked about the buckets of a replica, and answered: for property tests, and as examples whose bytes are kept.

import { sequence } from '@tributary/model';
import fc from 'fast-check';
import { decodeAnswer, encodeAnswer } from './answer-codec.ts';
import { decodeCall, encodeCall } from './call-codec.ts';
import type { BucketPoints, ReplicaAddress, ReplicaCall } from './messages.ts';

const sequences = fc.maxSafeNat().map(sequence);

export const bucketCalls: fc.Arbitrary<ReplicaCall> = fc.oneof(
  fc.record({ kind: fc.constant('bucketSums' as const), cut: sequences }),
  fc.record({ kind: fc.constant('bucketPoints' as const), bucket: fc.nat(255) }),
);

export const bucketSums = fc.option(fc.uint8Array({ maxLength: 16 }), { nil: undefined });

export const bucketPoints: fc.Arbitrary<BucketPoints> = fc.record({
  appliedSequence: sequences,
  points: fc.array(
    fc.record({
      id: fc.oneof(fc.maxSafeNat(), fc.uuid()),
      version: sequences,
      digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    }),
    { maxLength: 3 },
  ),
});

const sums = Uint8Array.from({ length: 2_048 }, (_, i) => i % 7);
const points = {
  appliedSequence: sequence(42),
  points: [{ id: 7, version: sequence(41), digest: new Uint8Array(32).fill(9) }],
};

/** By the name of the golden file: bytes, how they are read, and what is read. */
export function bucketsGolden(
  target: ReplicaAddress,
): [string, Uint8Array, (bytes: Uint8Array) => unknown, unknown][] {
  const ofCut = { kind: 'bucketSums' as const, cut: sequence(39) };
  const ofBucket = { kind: 'bucketPoints' as const, bucket: 255 };
  const answer = encodeAnswer('bucketPoints', points);
  return [
    ['call-bucket-sums', encodeCall(target, ofCut), decodeCall, { target, call: ofCut }],
    ['call-bucket-points', encodeCall(target, ofBucket), decodeCall, { target, call: ofBucket }],
    [
      'answer-bucket-sums',
      encodeAnswer('bucketSums', sums),
      (bytes) => decodeAnswer('bucketSums', bytes),
      sums,
    ],
    ['answer-bucket-points', answer, (bytes) => decodeAnswer('bucketPoints', bytes), points],
  ];
}
