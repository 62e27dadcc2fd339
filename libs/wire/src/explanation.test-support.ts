// Generators of what a replica says of itself and of its plans, for property tests.

import type { Explanation } from '@tributary/model';
import fc from 'fast-check';
import type { VectorIndexInfo } from './messages.ts';

const counts = fc.nat();
const milliseconds = fc.double({ min: 0, max: 1e6, noNaN: true });

export const vectorIndexInfos: fc.Arbitrary<VectorIndexInfo> = fc.record(
  {
    vectors: counts,
    indexed: counts,
    excluded: counts,
    segments: fc.array(counts),
    rowBytes: counts,
    graphBytes: counts,
    build: fc.constantFrom('idle', 'wanted', 'queued', 'running'),
    buildError: fc.string(),
    builds: fc.array(
      fc.record(
        { startedMs: fc.nat(), vectors: fc.nat(), endedMs: fc.nat(), error: fc.string() },
        { requiredKeys: ['startedMs', 'vectors'] },
      ),
    ),
  },
  {
    requiredKeys: [
      ...(['vectors', 'indexed', 'excluded', 'segments'] as const),
      ...(['rowBytes', 'graphBytes', 'build'] as const),
    ],
  },
);

const unindexed = fc.record(
  {
    key: fc.string(),
    asks: fc.constantFrom('match', 'range', 'geoRadius', 'isNull'),
    helps: fc.constantFrom('keyword', 'float', 'geo'),
    option: fc.constantFrom('prefix', 'range'),
    has: fc.constantFrom('bool', 'text'),
  },
  { requiredKeys: ['key', 'asks', 'helps'] },
);

export const explanations: fc.Arbitrary<Explanation> = fc.record(
  {
    points: counts,
    filter: fc.record(
      {
        plan: fc.constantFrom('listed', 'table', 'index', 'narrow', 'scan'),
        estimated: fc.record({ min: counts, expected: milliseconds, max: counts }),
        candidates: counts,
        matched: counts,
        tookMs: milliseconds,
        unindexed: fc.array(unindexed, { maxLength: 3 }),
      },
      { requiredKeys: ['plan', 'estimated', 'candidates', 'unindexed'] },
    ),
    search: fc.record({
      method: fc.constantFrom('graph', 'scan', 'codes', 'lists'),
      limit: counts,
      ef: counts,
      exact: fc.boolean(),
      vectors: counts,
      indexed: counts,
      segments: counts,
    }),
  },
  { requiredKeys: ['points'] },
);
