// The suite of a busy peer alone; `busy-suite.ts` says what it asks.
//
// Run: node bench/src/busy-bench.ts. Prints the goals, writes results/busy.json and its goals to results/goals.json.

import { cpus } from 'node:os';
import { busyGoals, runBusy } from './busy-suite.ts';
import { currentCommit, goalTable, recordGoals, saveResult } from './goals.ts';

const busy = await runBusy();
const goals = busyGoals(busy);
console.log(JSON.stringify(busy, null, 2));
console.log(goalTable(goals));
recordGoals(goals);
saveResult('busy.json', {
  benchmark: 'busy peer',
  commit: currentCommit(),
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} processors, Node ${process.version}`,
  ...busy,
});
