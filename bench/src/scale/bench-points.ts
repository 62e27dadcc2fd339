// Points to write where only their number matters.

import type { Random } from '@tributary/runtime';
import type { BenchPoint } from './cluster-client.ts';

const SIZE = 128;

/** With ids from `from` on. */
export function pointsFor(random: Random, from: number, count: number, size = SIZE): BenchPoint[] {
  return Array.from({ length: count }, (_, i) => ({
    id: from + i,
    vector: Array.from({ length: size }, () => random.next()),
    payload: { n: i, group: `group ${i % 7}` },
  }));
}
