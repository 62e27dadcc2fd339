// What the parts of a peer tell of themselves beside what the gateway counts. A part registers once, and is asked each
// time the metrics are read: nothing is kept for it between two readings, and several peers in one process share
// nothing.

import type { MetricFamily } from './exposition.ts';

export interface Metrics {
  /** Stands before the name of every metric of the peer. */
  readonly prefix: string;
  /** `families` is called at each reading; what it looks up is cheap. */
  register(families: () => readonly MetricFamily[]): void;
  /** Of all that registered, in that order. */
  families(): MetricFamily[];
}

export function createMetrics(options: { readonly prefix?: string } = {}): Metrics {
  const sources: (() => readonly MetricFamily[])[] = [];
  return {
    prefix: options.prefix ?? '',
    register: (families) => {
      sources.push(families);
    },
    families: () => sources.flatMap((families) => families()),
  };
}
