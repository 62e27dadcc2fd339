// The suite of a busy peer alone; `busy-suite.ts` says what it asks.
//
// Run: node bench/src/busy-bench.ts. Prints the goals, writes results/busy.json and its goals to results/goals.json.

import { busyGoals, runBusy } from './busy-suite.ts';
import { goalTable, recordGoals } from './goals.ts';
import { headOf, saveResult } from './results.ts';

const busy = await runBusy();
const goals = busyGoals(busy);
console.log(JSON.stringify(busy, null, 2));
console.log(goalTable(goals));
recordGoals(goals);
saveResult('busy.json', { ...headOf('busy peer'), ...busy });
