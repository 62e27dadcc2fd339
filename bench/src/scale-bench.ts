// The suite of many replicas alone; `scale-suite.ts` says what it asks. Takes some six minutes.
//
// Run: node bench/src/scale-bench.ts. Prints the goals, writes results/scale.json and its goals to results/goals.json.

import { cpus } from 'node:os';
import { currentCommit, goalTable, recordGoals, saveResult } from './goals.ts';
import { runScale, scaleGoals } from './scale-suite.ts';

const scale = await runScale();
const goals = scaleGoals(scale);
console.log(goalTable(goals));
recordGoals(goals);
saveResult('scale.json', {
  benchmark: 'many replicas',
  commit: currentCommit(),
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} processors, Node ${process.version}`,
  ...scale,
});
