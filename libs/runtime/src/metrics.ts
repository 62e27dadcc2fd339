// Metrics of one peer, in a registry of its own: several peers can live in one process without sharing a counter.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

export interface MetricOptions<Label extends string> {
  /** Without the prefix; units last, as in `wait_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  /** Upper bounds, ascending. */
  readonly buckets?: readonly number[];
}

export interface GaugeOptions<Label extends string> extends MetricOptions<Label> {
  /** Called when the metrics are read; for values that are cheap to look up and pointless to keep. */
  readonly collect?: (gauge: Gauge<Label>) => void | Promise<void>;
}

export interface Metrics {
  readonly registry: Registry;
  readonly prefix: string;
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: GaugeOptions<Label>): Gauge<Label>;
  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label>;
}

/** Seconds, from 100 µs to 30 s: the span from a search to a write that waits. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
];

/** Metrics whose names all start with `prefix`; a name is registered once, a second time throws. */
export function createMetrics(
  options: { readonly prefix?: string; readonly processMetrics?: boolean } = {},
): Metrics {
  const prefix = options.prefix ?? '';
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry, prefix });
  const common = <Label extends string>({ name, help, labels }: MetricOptions<Label>) => ({
    name: `${prefix}${name}`,
    help,
    labelNames: labels ?? [],
    registers: [registry],
  });
  const createGauge = <Label extends string>(metric: GaugeOptions<Label>): Gauge<Label> => {
    const { collect } = metric;
    if (collect === undefined) return new Gauge<Label>(common(metric));
    const gauge: Gauge<Label> = new Gauge<Label>({
      ...common(metric),
      collect: () => collect(gauge),
    });
    return gauge;
  };
  return {
    registry,
    prefix,
    counter: (metric) => new Counter(common(metric)),
    gauge: createGauge,
    histogram: (metric) =>
      new Histogram({
        ...common(metric),
        buckets: [...(metric.buckets ?? DURATION_BUCKETS_SECONDS)],
      }),
  };
}
