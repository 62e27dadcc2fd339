// The suite of a busy peer alone; `busy-suite.ts` says what it asks.
//
// Run: node bench/src/busy-bench.ts. Prints the goals, writes results/busy.json.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { busyGoals, runBusy } from './busy-suite.ts';
import { goalTable } from './goals.ts';

const busy = await runBusy();
console.log(JSON.stringify(busy, null, 2));
console.log(goalTable(busyGoals(busy)));
const results = {
  benchmark: 'busy peer',
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} processors, Node ${process.version}`,
  ...busy,
};
const target = path.join(import.meta.dirname, '..', 'results');
mkdirSync(target, { recursive: true });
writeFileSync(path.join(target, 'busy.json'), `${JSON.stringify(results, null, 2)}\n`);
