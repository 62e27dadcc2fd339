// Reports of replicas: for property tests, and as examples whose bytes are kept.

import { peerId, sequence, shardId } from '@tributary/model';
import fc from 'fast-check';
import { addresses, peers } from './arbitraries.ts';
import type { AppliedReport, ReplicaAddress } from './messages.ts';
import { decodeReport, encodeReport } from './report-codec.ts';

const sequences = fc.maxSafeNat().map(sequence);

const reportedStates = fc.record(
  {
    durableSequence: sequences,
    coveredSequence: sequences,
    haltedNeeds: fc.constantFrom('rebuild' as const, 'transfer' as const, 'operator' as const),
    cut: fc.record({
      sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(sequence),
      contentHash: fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((bytes) => Buffer.from(bytes).toString('hex')),
    }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

export const reports: fc.Arbitrary<AppliedReport> = fc.record(
  {
    peer: peers,
    replicas: fc.array(
      fc.tuple(addresses, sequences, reportedStates).map(([address, appliedSequence, rest]) => ({
        ...address,
        appliedSequence,
        ...rest,
      })),
    ),
    busyMs: fc.maxSafeNat(),
    asksForAll: fc.constant(true),
    metadataSequence: sequences,
    featureLevel: fc.nat(),
  },
  { requiredKeys: ['peer', 'replicas'] },
);

/** By the name of the golden file: bytes, how they are read, and what is read. */
export function reportsGolden(
  target: ReplicaAddress,
): [string, Uint8Array, (bytes: Uint8Array) => unknown, unknown][] {
  const peer = peerId(5);
  const cut = { sequence: sequence(39), contentHash: 'ab'.repeat(32) };
  const applied = { ...target, appliedSequence: sequence(42) };
  const after = { ...applied, shard: shardId(4) };
  const examples: Readonly<Record<string, AppliedReport>> = {
    report: { peer, replicas: [applied, { ...after, durableSequence: sequence(40), cut }] },
    'report-busy': { peer, replicas: [], busyMs: 1_234 },
    'report-asking': { peer, replicas: [], asksForAll: true },
    'report-later': {
      peer,
      replicas: [
        { ...applied, coveredSequence: sequence(90) },
        { ...after, haltedNeeds: 'transfer' },
      ],
      metadataSequence: sequence(700),
      featureLevel: 2,
    },
  };
  return Object.entries(examples).map(([name, report]) => [
    name,
    encodeReport(report),
    decodeReport,
    report,
  ]);
}
