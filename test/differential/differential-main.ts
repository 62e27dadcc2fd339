// Many cases: `npm run test:differential -- [--cases N] [--seed N] [--show N] [--grpc | --twins | --edge]`.

import { parseArgs } from 'node:util';
import { numberFlag } from '@tributary/infra';
import { compareEngines, describe } from './compare-engines.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    show: { type: 'string', default: '20' },
    grpc: { type: 'boolean', default: false },
    twins: { type: 'boolean', default: false },
    edge: { type: 'boolean', default: false },
  },
});
const report = await compareEngines({
  cases: numberFlag('cases', values.cases, 1),
  seed: numberFlag('seed', values.seed, 0),
  differencesMax: numberFlag('show', values.show, 1),
  oracle: values.twins ? 'twin' : values.edge ? 'edge' : 'local',
  protocol: values.grpc ? 'grpc' : 'rest',
});
if ('missing' in report) {
  console.error(`nothing was compared: ${report.missing}`);
  process.exitCode = 1;
} else {
  for (const each of report.differences) console.log(`${describe(each)}\n`);
  const actions = [...report.actions].map(([name, count]) => `${name} ${count}`).join(', ');
  console.log(`${report.cases} cases: ${actions}`);
  const { undecided, refused, differences } = report;
  console.log(`${undecided} undecided, ${refused} refused, ${differences.length} differences`);
  if (report.differences.length > 0) process.exitCode = 1;
}
