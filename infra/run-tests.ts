// Runs the tests and sums up what they said: `node infra/run-tests.ts [unit|cluster|all]`. Unit tests, most of them beside their
// sources, run two files at a time; cluster tests start many processes and run one file at a time. Finding no test is a failure.

import { globSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

interface Suite {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly concurrency: number;
  readonly timeoutMs: number;
}

const SUITES: readonly Suite[] = [
  {
    name: 'unit',
    patterns: [
      '{libs,services,infra}/**/*.test.ts',
      'test/{architecture,simulation,torture}/*.test.ts',
    ],
    concurrency: 2,
    timeoutMs: 120_000,
  },
  { name: 'cluster', patterns: ['test/cluster/**/*.test.ts'], concurrency: 1, timeoutMs: 600_000 },
];
const SLOWEST_SHOWN = 5;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  readonly fileMs: Map<string, number>;
}

async function runSuite(suite: Suite): Promise<Outcome> {
  const files = globSync([...suite.patterns], {
    cwd: root,
    exclude: (name) => name.endsWith('node_modules'),
  }).sort();
  const outcome: Outcome = { passed: 0, failed: 0, skipped: 0, fileMs: new Map() };
  if (files.length === 0) {
    console.log(`no ${suite.name} test found`);
    outcome.failed = 1;
    return outcome;
  }
  console.log(`\n${suite.name} tests: ${files.length} files`);
  const stream = run({
    cwd: root,
    files: files.map((file) => path.join(root, file)),
    concurrency: suite.concurrency,
    timeout: suite.timeoutMs,
  });
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) {
      outcome.fileMs.set(path.relative(root, summary.file), summary.duration_ms);
      return;
    }
    outcome.passed = summary.counts.passed;
    outcome.skipped = summary.counts.skipped + summary.counts.todo;
    const { tests } = summary.counts;
    outcome.failed = Math.max(0, tests - outcome.passed - outcome.skipped);
    // A file may fail outside its tests: it exits with an error, or a hook throws.
    if (!summary.success && outcome.failed === 0) outcome.failed = 1;
  });
  for await (const chunk of stream.compose(new spec())) process.stdout.write(chunk);
  return outcome;
}

function printSlowest(fileMs: ReadonlyMap<string, number>): void {
  const slowest = [...fileMs].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_SHOWN);
  if (slowest.length > 0) console.log('\nslowest files:');
  for (const [file, ms] of slowest)
    console.log(`  ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`);
}

async function main(name: string): Promise<number> {
  const suites = SUITES.filter((suite) => name === 'all' || suite.name === name);
  if (suites.length === 0) {
    console.error(`unknown suite ${name}: unit, cluster or all`);
    return 1;
  }
  const outcomes: Outcome[] = [];
  for (const suite of suites) outcomes.push(await runSuite(suite));
  const sum = (count: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0);
  printSlowest(new Map(outcomes.flatMap((outcome) => [...outcome.fileMs])));
  const skipped = sum((outcome) => outcome.skipped);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum((outcome) => outcome.failed);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2] ?? 'all');
