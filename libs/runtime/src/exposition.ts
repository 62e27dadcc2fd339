// Metrics that are looked up when they are read, in Prometheus' text format 0.0.4. Beside the registry of `metrics.ts`,
// which counts what happens, these are of a moment: nothing is kept between two readings, so labels that are gone are gone.

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
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly MetricSample[];
}

/** Families without a sample are left out. */
export function expositionText(families: readonly MetricFamily[], prefix = ''): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => familyText(family, `${prefix}${family.name}`))
    .join('\n');
}

/** A family of one sample, with or without labels. */
export function gauge(name: string, help: string, value: number, labels?: MetricLabels) {
  const sample = labels === undefined ? { value } : { value, labels };
  return { name, help, type: 'gauge', samples: [sample] } satisfies MetricFamily;
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
