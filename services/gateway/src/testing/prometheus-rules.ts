// The rules that `promtool check metrics` holds metrics to: what it would warn of, found here without it.

import type { ParsedFamily } from './prometheus-text.ts';

const BASE_UNITS: Readonly<Record<string, string>> = {
  minutes: 'seconds',
  hours: 'seconds',
  days: 'seconds',
  weeks: 'seconds',
  bits: 'bytes',
};
const ABBREVIATIONS = new Set('s ms us ns sec b kb mb gb tb pb m h d'.split(' '));
const PREFIXED_UNIT = /^(pico|nano|micro|milli|kilo|kibi|mega|mebi|giga|gibi)(seconds|bytes)$/;
const OF_HISTOGRAMS = ['_bucket', '_count', '_sum'];

/** One line for each metric that breaks a rule. */
export function problemsOf(families: ReadonlyMap<string, ParsedFamily>): string[] {
  return [...families].flatMap(([name, family]) =>
    brokenRules(name, family).map((problem) => `${name}: ${problem}`),
  );
}

function brokenRules(name: string, { type, help, samples }: ParsedFamily): string[] {
  const words = name.split('_');
  const labels = new Set(
    [...samples.values()].flat().flatMap((sample) => Object.keys(sample.labels)),
  );
  const isTotal = name.endsWith('_total');
  const broken: readonly (readonly [boolean, string])[] = [
    [help === '', 'has no help'],
    [type === 'counter' && !isTotal, 'is a counter that does not end in _total'],
    [type !== 'counter' && type !== 'untyped' && isTotal, 'ends in _total and is no counter'],
    [
      type !== 'histogram' && OF_HISTOGRAMS.some((suffix) => name.endsWith(suffix)),
      'has a suffix of histograms',
    ],
    [type !== 'histogram' && labels.has('le'), 'has a label of histograms'],
    [type !== 'summary' && labels.has('quantile'), 'has a label of summaries'],
    [type !== 'untyped' && words.includes(type), 'has its type in its name'],
    [name.includes(':'), 'has a colon'],
    [[name, ...labels].some((each) => /[a-z][A-Z]/.test(each)), 'is in camel case'],
    [words.some((word) => ABBREVIATIONS.has(word)), 'has a unit cut short'],
    [words.some((word) => word in BASE_UNITS || PREFIXED_UNIT.test(word)), 'is in no base unit'],
  ];
  return broken.flatMap(([isBroken, problem]) => (isBroken ? [problem] : []));
}
