// Runs the tests and sums up what they said: `node infra/run-tests.ts [unit|cluster|all] [part of a path …]`. Unit
// tests, most of them beside their sources, run two files at a time; cluster tests start many processes and run one
// file at a time. A file that hangs is named, killed with all it started, and the others go on. What failed is told in
// full at the end. Finding no test is a failure.

import { globSync } from 'node:fs';
import path from 'node:path';
import { type FileOutcome, runFile } from './test-runner/run-file.ts';

interface Suite {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly concurrency: number;
  /** Of a file: five times what the slowest takes on two busy cores. */
  readonly timeoutMs: number;
}

const SUITES: readonly Suite[] = [
  {
    name: 'unit',
    patterns: [
      '{libs,services,infra}/**/*.test.ts',
      'test/{architecture,mutants,simulation,torture}/**/*.test.ts',
    ],
    concurrency: 2,
    timeoutMs: 240_000,
  },
  {
    name: 'cluster',
    patterns: ['test/{cluster,differential}/**/*.test.ts'],
    concurrency: 1,
    timeoutMs: 600_000,
  },
];
const SLOWEST_SHOWN = 5;
/** Of what a file printed: some of one that passed, more of one that failed. */
const LINES_OF_PASSED = 12;
const LINES_OF_FAILED = 60;
const root = path.resolve(import.meta.dirname, '..');

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stopping.abort());
}

async function runSuite(suite: Suite, parts: readonly string[]): Promise<FileOutcome[]> {
  const files = globSync([...suite.patterns], {
    cwd: root,
    exclude: (name) => name.endsWith('node_modules'),
  })
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .sort();
  console.log(`\n${suite.name} tests: ${files.length} files`);
  const outcomes: FileOutcome[] = [];
  const lane = async () => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      if (stopping.signal.aborted) return;
      const { timeoutMs } = suite;
      const outcome = await runFile({ root, file, timeoutMs, signal: stopping.signal });
      outcomes.push(outcome);
      printLine(outcome);
    }
  };
  await Promise.all(Array.from({ length: suite.concurrency }, lane));
  return outcomes;
}

function printLine({ file, tookMs, passed, skipped, failures, output }: FileOutcome): void {
  const counts = [`${passed} passed`];
  if (failures.length > 0) counts.push(`${failures.length} FAILED`);
  if (skipped > 0) counts.push(`${skipped} skipped`);
  const seconds = (tookMs / 1_000).toFixed(1).padStart(6);
  console.log(`${failures.length > 0 ? '✖' : '✔'} ${seconds} s  ${file}: ${counts.join(', ')}`);
  if (output !== '' && failures.length === 0) console.log(indented(output, LINES_OF_PASSED));
}

function printFailures(outcomes: readonly FileOutcome[]): void {
  for (const { file, failures, output } of outcomes) {
    if (failures.length === 0) continue;
    console.log(`\n✖ ${file}`);
    for (const { name, error } of failures) {
      console.log(`\n  ${name}\n${indented(error, LINES_OF_FAILED)}`);
    }
    if (output !== '') console.log(`\n  it printed\n${indented(output, LINES_OF_FAILED)}`);
  }
}

/** The last lines. */
function indented(text: string, linesMax: number): string {
  const lines = text.split('\n').map((line) => `    ${line.slice(0, 400)}`);
  const left = lines.length - linesMax;
  return [...(left > 0 ? [`    … ${left} lines before`] : []), ...lines.slice(-linesMax)].join(
    '\n',
  );
}

function printSlowest(outcomes: readonly FileOutcome[]): void {
  const slowest = outcomes.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, SLOWEST_SHOWN);
  console.log('\nslowest files:');
  for (const { file, tookMs } of slowest) {
    console.log(`  ${(tookMs / 1_000).toFixed(1).padStart(6)} s  ${file}`);
  }
}

async function main([name = 'all', ...parts]: readonly string[]): Promise<number> {
  const suites = SUITES.filter((suite) => name === 'all' || suite.name === name);
  if (suites.length === 0) {
    console.error(`unknown suite ${name}: unit, cluster or all`);
    return 1;
  }
  const outcomes: FileOutcome[] = [];
  let isEmpty = false;
  for (const suite of suites) {
    const found = await runSuite(suite, parts);
    isEmpty ||= found.length === 0 && parts.length === 0;
    outcomes.push(...found);
  }
  printSlowest(outcomes);
  printFailures(outcomes);
  const sum = (count: (outcome: FileOutcome) => number) =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0);
  const skipped = sum((outcome) => outcome.skipped);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum(({ failures }) => failures.length);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  if (isEmpty) console.log('a suite has no test: that is a failure');
  if (stopping.signal.aborted) console.log('stopped before the end');
  return failed === 0 && passed > 0 && !isEmpty && !stopping.signal.aborted ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
