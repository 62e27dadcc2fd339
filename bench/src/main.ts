// `npm run bench`: every suite on real processes, a table, results/<name>.json and results/goals.json.
//
//   npm run bench                       all
//   npm run bench -- --vectors 10000    a smaller data set
//   npm run bench -- --seed 2

import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { groundTruth, recallOf, runBaseline } from './baseline.ts';
import { busyGoals, runBusy } from './busy-suite.ts';
import { clusteredVectors, type DataSet } from './clustered-vectors.ts';
import type { DatabaseClient } from './database-client.ts';
import { docsVectors } from './docs-vectors.ts';
import { runFiltered, runHybrid } from './filter-suite.ts';
import { atLeast, atMost, type Goal, goalTable, recordGoals, table } from './goals.ts';
import { runIngest, runWriteLatency } from './ingest-suite.ts';
import { runRecovery } from './recovery-suite.ts';
import { currentCommit, saveResult } from './results.ts';
import { runScale, SCALE_PARTS, scaleGoals } from './scale/scale-suite.ts';
import { runSearches, type SearchResult } from './search-suite.ts';
import { SystemUnderTest } from './system-under-test.ts';

const LIMIT = 10;
/** Candidate list sizes tried, ascending: the first whose recall is high enough is measured. */
const EFS = [32, 48, 64, 96, 128, 192, 256];
const RECALL_WANTED = 0.97;

const { values } = parseArgs({
  options: {
    vectors: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log('npm run bench -- [--vectors 50000] [--seed 1]');
  process.exit(0);
}
const seed = Number(values.seed);

async function measure(data: DataSet) {
  console.log(`\n${data.name}: ${data.count} vectors of ${data.size} dimensions, seed ${seed}`);
  const exact = groundTruth(data, LIMIT);
  await using system = await SystemUnderTest.start();
  using client = system.connect();
  const collection = 'bench';
  const emptyBytes = system.residentBytes();
  const ingest = await runIngest(system, client, collection, data, emptyBytes);
  const ef = await smallestEf(client, collection, data, exact);
  const baseline = runBaseline(data, exact, { limit: LIMIT, ef });
  const searches = await runSearches(system, client, data, { collection, exact, limit: LIMIT, ef });
  const latency = await runWriteLatency(client, 'singles', data);
  await client.json('DELETE', '/collections/singles');
  const recovery = await runRecovery(system, client, collection, data, emptyBytes);
  printSuite(searches, baseline.usPerQuery, baseline.recall);
  const built = baseline.buildMsPerVector;
  const ratios = {
    ingestCpuToBuild: ingest.cpuMsPerVector / built,
    replayTimeToBuild: recovery.replayMs / (data.count * built),
    restartTimeToBuild: recovery.restartMs / (data.count * built),
    restartedBytesToRaw: recovery.restartedBytesPerVector / (4 * data.size),
  };
  const result = { ingest, baseline, searches, latency, recovery, ratios };
  const baselineBuildMsPerVector = built;
  console.log(
    flatTable({ ...ingest, ...latency, ...recovery, baselineBuildMsPerVector, ...ratios }),
  );
  return { data: { name: data.name, size: data.size, count: data.count }, ...result };
}

async function smallestEf(
  client: DatabaseClient,
  collection: string,
  data: DataSet,
  exact: readonly number[][],
): Promise<number> {
  for (const ef of EFS) {
    const search = client.searcher('gRPC', data, { collection, limit: LIMIT, ef });
    const found: number[][] = [];
    for (let query = 0; query < data.queryCount; query++) found.push(await search(query));
    if (recallOf(found, exact) >= RECALL_WANTED) return ef;
  }
  return EFS.at(-1) ?? 0;
}

function printSuite(searches: readonly SearchResult[], baselineUs: number, recall: number): void {
  const rows = searches.map((result) => [
    result.protocol,
    String(result.clients),
    String(result.ef),
    result.recall.toFixed(4),
    result.perSecond.toFixed(0),
    result.p50Ms.toFixed(2),
    result.p99Ms.toFixed(2),
    result.cpuMsPerQuery.toFixed(3),
    ((result.cpuMsPerQuery * 1_000) / baselineUs).toFixed(2),
  ]);
  const head = ['', 'clients', 'ef', 'recall@10', 'QPS', 'p50 ms', 'p99 ms', 'CPU ms', '× hnswlib'];
  const base = [
    'hnswlib-node',
    '',
    '',
    recall.toFixed(4),
    '',
    '',
    '',
    (baselineUs / 1_000).toFixed(3),
    '1',
  ];
  console.log(table([head, ...rows, base]));
}

function flatTable(figures: Readonly<Record<string, number>>): string {
  const rows = Object.entries(figures).map(([name, value]) => [
    name,
    String(Number(value.toPrecision(4))),
  ]);
  return `\n${table(rows)}`;
}

type Measured = Awaited<ReturnType<typeof measure>>;

async function measureFilters(data: DataSet) {
  console.log(`\n${data.name} with filters, sparse vectors and fusion`);
  await using system = await SystemUnderTest.start();
  using client = system.connect();
  const filtered = await runFiltered(system, client, data);
  const hybrid = await runHybrid(system, client, data);
  const rows = filtered.map(({ share, recall, cpuMsPerQuery, exactCpuMsPerQuery, cpuToExact }) => [
    `${share * 100} %`,
    recall.toFixed(4),
    cpuMsPerQuery.toFixed(3),
    exactCpuMsPerQuery.toFixed(3),
    cpuToExact.toFixed(2),
  ]);
  console.log(table([['accepted', 'recall@10', 'CPU ms', 'exact scan', 'ratio'], ...rows]));
  console.log(flatTable({ ...hybrid }));
  return { filtered, hybrid };
}

type Filters = Awaited<ReturnType<typeof measureFilters>>;

/** CPU time is read in ticks of 10 ms and machines are noisy: a tenth dearer is not told from equal. */
const AS_DEAR = 1.1;

function filterGoals({ filtered }: Filters): Goal[] {
  return filtered.flatMap(({ share, recall, cpuToExact }) => {
    const name = `filter that accepts ${share * 100} %`;
    return [
      atMost(`${name}: CPU to exact scan`, AS_DEAR, cpuToExact, '×'),
      atLeast(`${name}: recall@10`, RECALL_WANTED, recall, ''),
    ];
  });
}

function goalsOf(measured: Measured): Goal[] {
  const { data, ingest, searches, latency, recovery } = measured;
  const searchCpu = Math.min(...searches.map((result) => result.cpuMsPerQuery));
  const worstCpu = Math.max(...searches.map((result) => result.cpuMsPerQuery));
  const recall = Math.min(...searches.map((result) => result.recall));
  const named = (name: string) => `${name} (${data.name})`;
  return [
    atMost(named('search CPU, best of protocols and clients'), 0.45, searchCpu, 'ms/query'),
    atMost(named('search CPU, worst of protocols and clients'), 0.45, worstCpu, 'ms/query'),
    atLeast(named('search recall@10'), RECALL_WANTED, recall, ''),
    atMost(named('ingest CPU, graph built'), 0.4, ingest.cpuMsPerVector, 'ms/vector'),
    atLeast(named('replay to searchable'), 20_000, recovery.replayedPerSecond, 'vectors/s'),
    atMost(named('acknowledged to searchable p99'), 50, latency.searchableP99Ms, 'ms'),
  ];
}

const sets = [
  clusteredVectors({
    count: Number(values.vectors),
    size: 128,
    clusters: 500,
    spread: 0.7,
    queryCount: 500,
    seed,
  }),
  await docsVectors(500),
];
const results: Measured[] = [];
for (const data of sets) results.push(await measure(data));
const [synthetic] = sets;
if (synthetic === undefined) throw new Error('there is a data set');
const filters = await measureFilters(synthetic);
const scale = await runScale({ parts: SCALE_PARTS, seed });
console.log(`\nmany replicas\n${JSON.stringify(scale)}`);
const busy = await runBusy();
console.log(`\nsmall searches beside large answers\n${JSON.stringify(busy)}`);
const goals = [
  ...results.flatMap(goalsOf),
  ...filterGoals(filters),
  ...scaleGoals(scale),
  ...busyGoals(busy),
];
const commit = currentCommit();
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
saveResult('cluster.json', {
  commit,
  machine,
  node: process.version,
  seed,
  results,
  filters,
  scale,
  busy,
});
recordGoals(goals, seed);
console.log(`\n${goalTable(goals)}`);
