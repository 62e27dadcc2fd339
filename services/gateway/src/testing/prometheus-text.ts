// Reads Prometheus' text format 0.0.4 strictly: what a scraper would refuse, or silently take for something else,
// throws.
// Families stand together under one HELP and TYPE, no series comes twice, histograms add up.

import assert from 'node:assert/strict';

export interface ParsedSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  /** By the sample's whole name, suffix included. */
  readonly samples: ReadonlyMap<string, readonly ParsedSample[]>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

export function parsePrometheusText(text: string): Map<string, ParsedFamily> {
  assert.ok(text.endsWith('\n'), 'the last line is ended');
  const families = new Map<string, ParsedFamily>();
  const series = new Set<string>();
  let current: { name: string; samples: Map<string, ParsedSample[]>; type: string } | undefined;
  let help: readonly [string, string] | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, keyword, name = '', rest = ''] = line.match(/^# (HELP|TYPE) (\S+) ?(.*)$/) ?? [];
    if (keyword === 'HELP') {
      help = [name, rest];
    } else if (keyword === 'TYPE') {
      assert.match(name, NAME);
      assert.equal(help?.[0], name, 'each family has a HELP');
      assert.ok(!families.has(name), `${name} comes twice`);
      current = { name, samples: new Map(), type: rest };
      families.set(name, { type: rest, help: help[1], samples: current.samples });
    } else {
      assert.ok(current !== undefined, `no family for ${line}`);
      const [, sampleName = '', labels = '', value = ''] = line.match(SAMPLE) ?? [];
      const suffixes = SUFFIXES[current.type] ?? [''];
      assert.ok(suffixes.includes(sampleName.slice(current.name.length)), `a stray line: ${line}`);
      const key = `${sampleName}{${labels}}`;
      assert.ok(!series.has(key), `${key} comes twice`);
      series.add(key);
      const samples = current.samples.get(sampleName) ?? [];
      samples.push({ labels: labelsOf(labels), value: numberOf(value) });
      current.samples.set(sampleName, samples);
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkSums(name, family);
  return families;
}

/** The value of the one sample with these labels, and maybe others. */
export function valueIn(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  const found = (family?.samples.get(name) ?? []).filter((sample) =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  assert.ok(found.length <= 1, `${name} has several samples with ${JSON.stringify(labels)}`);
  return found[0]?.value;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let read = 0;
  while (read < text.length) {
    LABEL.lastIndex = read;
    const found = LABEL.exec(text);
    assert.ok(found !== null, `labels cannot be read: ${text}`);
    const [whole, name = '', value = ''] = found;
    assert.ok(!Object.hasOwn(labels, name), `${name} comes twice in ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
    read += whole.length;
  }
  return labels;
}

function numberOf(text: string): number {
  const special: Readonly<Record<string, number>> = {
    '+Inf': Number.POSITIVE_INFINITY,
    '-Inf': Number.NEGATIVE_INFINITY,
    NaN: Number.NaN,
  };
  const value = special[text] ?? Number(text);
  assert.ok(text in special || Number.isFinite(value), `no number: ${text}`);
  return value;
}

/** Buckets only grow, and the last, of +Inf, has as many as were counted. */
function checkSums(name: string, { samples }: ParsedFamily): void {
  const keyOf = ({ le: _, ...labels }: ParsedSample['labels']) => JSON.stringify(labels);
  const buckets = Map.groupBy(samples.get(`${name}_bucket`) ?? [], ({ labels }) => keyOf(labels));
  for (const { labels, value: count } of samples.get(`${name}_count`) ?? []) {
    const ofSeries = buckets.get(keyOf(labels)) ?? [];
    const bounds = ofSeries.map(({ labels: { le = '' } }) => numberOf(le));
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${name}: bounds ascend`,
    );
    const values = ofSeries.map(({ value }) => value);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      `${name}: buckets only grow`,
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY);
    assert.equal(values.at(-1), count);
  }
}
