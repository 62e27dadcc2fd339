// The suite of many replicas alone; `scale-suite.ts` says what it asks. Takes some six minutes.
//
// Run: node bench/src/scale-bench.ts. Prints the goals, writes results/scale.json and its goals to results/goals.json.

import { goalTable, recordGoals } from './goals.ts';
import { headOf, saveResult } from './results.ts';
import { runScale, scaleGoals } from './scale-suite.ts';

const scale = await runScale();
const goals = scaleGoals(scale);
console.log(goalTable(goals));
recordGoals(goals);
saveResult('scale.json', { ...headOf('many replicas'), ...scale });
