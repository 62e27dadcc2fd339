// Calls and answers about text indexes that rank: for property tests, and as examples whose bytes are kept.

import type { Filter, Projection, TextScoring, TextStatistics } from '@tributary/model';
import fc from 'fast-check';
import { decodeAnswer, encodeAnswer } from './answer-codec.ts';
import { decodeCall, encodeCall } from './call-codec.ts';
import type { ReplicaAddress } from './messages.ts';

const number = fc.double({ noNaN: true });
const count = fc.maxSafeNat();

export const textScorings: fc.Arbitrary<TextScoring> = fc.record({
  kind: fc.constant('text' as const),
  terms: fc.array(fc.record({ term: fc.string(), weight: number }), { maxLength: 3 }),
  k: number,
  b: number,
  averageLength: number,
});

export const textStatistics: fc.Arbitrary<TextStatistics> = fc.record({
  documents: count,
  tokens: count,
  terms: fc.array(fc.record({ term: fc.string(), frequency: count })),
});

const terms = [
  { term: 'cat', weight: 0.5 },
  { term: 'straße', weight: 1.25 },
];
const scoring = { kind: 'text' as const, terms, k: 1.2, b: 0.75, averageLength: 12.5 };
const answer = { documents: 9, tokens: 300, terms: [{ term: 'cat', frequency: 2 }] };

/** By the name of the golden file: bytes, how they are read, and what is read. */
export function textGolden(
  target: ReplicaAddress,
  filter: Filter,
  projection: Projection,
): [string, Uint8Array, (bytes: Uint8Array) => unknown, unknown][] {
  const query = { scoring, using: 'a.text', filter, limit: 3, params: {}, projection };
  const search = { kind: 'search' as const, queries: [query] };
  const statistics = {
    kind: 'textStatistics' as const,
    query: { field: 'a.text', text: 'cats, Straße', filter },
  };
  const told = (bytes: Uint8Array) => decodeAnswer('textStatistics', bytes);
  return [
    ['call-text', encodeCall(target, search), decodeCall, { target, call: search }],
    [
      'call-text-statistics',
      encodeCall(target, statistics),
      decodeCall,
      { target, call: statistics },
    ],
    ['answer-text-statistics', encodeAnswer('textStatistics', answer), told, answer],
  ];
}
