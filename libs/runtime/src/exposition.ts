// Metrics in Prometheus' text format 0.0.4. Families are made when they are read: nothing is kept between two readings,
// so labels that are gone are gone.

export type MetricLabels = Readonly<Record<string, string | number>>;

export interface MetricSample {
  readonly labels?: MetricLabels;
  readonly value: number;
  /** Of a histogram's samples. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

export interface MetricFamily {
  /** Without the prefix; units last. */
  readonly name: string;
  readonly help: string;
  /**
   * `untyped` is for what goes up and down under a name that ends in `_total`, as some of Qdrant's do: Prometheus'
   * rules keep that ending for counters.
   */
  readonly type: 'counter' | 'gauge' | 'histogram' | 'untyped';
  readonly samples: readonly MetricSample[];
}

/** Seconds, from 100 µs to 30 s: the span from a search to a write that waits. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
];

/** Families without a sample are left out. */
export function expositionText(families: readonly MetricFamily[], prefix = ''): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => familyText(family, `${prefix}${family.name}`))
    .join('\n');
}

/** A family of one sample, with or without labels. */
export function gauge(name: string, help: string, value: number, labels?: MetricLabels) {
  return single('gauge', name, help, value, labels);
}

export function counter(name: string, help: string, value: number) {
  return single('counter', name, help, value);
}

/** What goes up and down, and is called `…_total` for Qdrant's sake. */
export function untyped(name: string, help: string, value: number) {
  return single('untyped', name, help, value);
}

function single(
  type: MetricFamily['type'],
  name: string,
  help: string,
  value: number,
  labels?: MetricLabels,
): MetricFamily {
  return { name, help, type, samples: [labels === undefined ? { value } : { value, labels }] };
}

function familyText({ help, type, samples }: MetricFamily, name: string): string {
  const lines = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  for (const { labels = {}, value, suffix = '' } of samples) {
    const pairs = Object.entries(labels).map(([label, of]) => `${label}="${quoted(String(of))}"`);
    const all = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
    lines.push(`${name}${suffix}${all} ${valueText(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function quoted(text: string): string {
  return escaped(text).replaceAll('"', '\\"');
}
