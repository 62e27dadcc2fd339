// The suite of many replicas; `scale/scale-suite.ts` says what it asks. Takes some eight minutes.
//
//   node bench/src/scale-bench.ts                       all: prints the goals, writes scale.json and goals.json
//   node bench/src/scale-bench.ts --only loss,restart   some parts, in the place of what is written of them
//   node bench/src/scale-bench.ts --seed 2

import { parseArgs } from 'node:util';
import { numberFlag } from '@tributary/infra';
import { goalTable, recordGoals } from './goals.ts';
import { headOf, keptResult, saveResult } from './results.ts';
import { runScale, SCALE_PARTS, type ScalePart, scaleGoals } from './scale/scale-suite.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
const usage = `node bench/src/scale-bench.ts [--only ${SCALE_PARTS.join(',')}] [--seed 1]`;
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const wanted = values.only?.split(',');
const unknown = wanted?.filter((part) => !SCALE_PARTS.some((each) => each === part)) ?? [];
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}\n${usage}`);
  process.exit(1);
}
const seed = numberFlag('seed', values.seed, 0);
const parts = SCALE_PARTS.filter((part) => wanted?.includes(part) ?? true);
const scale = await runScale({ parts, seed });
const goals = scaleGoals(scale);
console.log(goalTable(goals));
recordGoals(goals, seed);
const head = { ...headOf('many replicas'), seed };
const kept = (keptResult('scale.json') ?? {}) as Readonly<Record<string, unknown>>;
const { load, ...measured } = scale;
const results = Object.entries(measured).map(([part, its]) => {
  return [part, { ...its, load: load?.[part as ScalePart], commit: head.commit, seed }];
});
saveResult('scale.json', { ...kept, ...head, ...Object.fromEntries(results) });
