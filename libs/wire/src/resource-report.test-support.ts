// Reports of what peers use, for property tests.

import fc from 'fast-check';
import { peers } from './arbitraries.ts';
import type { ResourceReport } from './messages.ts';

const percents = fc.integer({ min: 0, max: 100 });

const plain = { requiredKeys: [] as [], noNullPrototype: true };

export const resourceReports: fc.Arbitrary<ResourceReport> = fc.record(
  {
    peer: peers,
    usage: fc.record({ residentMemoryPercent: percents, diskUsagePercent: percents }, plain),
    exceeded: fc.record({ residentMemory: fc.boolean(), diskUsage: fc.boolean() }, plain),
  },
  { noNullPrototype: true },
);
