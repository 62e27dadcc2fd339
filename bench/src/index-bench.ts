// Question: how fast are the exact scan and the graphs of libs/index, and what do they add to
// hnswlib-node alone?
//
// Napkin: a scan reads 4 bytes a dimension and row at about 20 GB/s: 39 M rows/s at 128 dimensions.
// A graph compares some 12 rows a candidate, each a cache miss of about 100 ns: 0.1 ms at ef 100.
// Our part over hnswlib-node (exact scores, the scan of an empty tail) should be a few µs;
// extending a graph should build as fast as hnswlib-node does.
//
// Run: node bench/src/index-bench.ts [seed]. Prints tables, writes results/index.json.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createSegmentBuilder,
  createVectorIndex,
  type IndexSearch,
  type VectorIndex,
} from '@tributary/index';
import { type Distance, pointOffset } from '@tributary/model';
import { silentLogger, systemClock } from '@tributary/runtime';
import hnswlib from 'hnswlib-node';
import { clusteredVectors, type DataSet, rowOf } from './clustered-vectors.ts';
import { headOf, saveResult } from './results.ts';

const LIMIT = 10;
const QUERIES = 200;
const MEASURED_MS = 400;
const EDGES = 16;
const EF_CONSTRUCT = 100;
const EFS = [50, 100, 200];
const FILTER_SHARES = [0.001, 0.01, 0.1, 0.3, 0.5, 0.9];
const GRAPH_SETS = [
  { size: 128, count: 50_000 },
  { size: 384, count: 20_000 },
  { size: 768, count: 10_000 },
];
const SCAN_SETS = [
  { size: 16, count: 400_000 },
  { size: 128, count: 200_000 },
  { size: 384, count: 60_000 },
  { size: 768, count: 30_000 },
  { size: 1_536, count: 15_000 },
];

type Row = Readonly<Record<string, string | number>>;

const seed = Number(process.argv[2] ?? 1);
const folder = path.join(tmpdir(), `tributary-index-bench-${process.pid}`);
await using builder = createSegmentBuilder({ logger: silentLogger });

function open(size: number, distance: Distance, tailVectorsMax: number): Promise<VectorIndex> {
  rmSync(folder, { recursive: true, force: true });
  return createVectorIndex({
    size,
    distance,
    m: EDGES,
    efConstruct: EF_CONSTRUCT,
    tailVectorsMax,
    graphVectorsMin: tailVectorsMax,
    smallTailVectorsMax: 0,
    wornVectorsMin: 0,
    deletedShareMax: 0.3,
    folder,
    identify: (offset) => offset,
    builder,
    clock: systemClock,
    logger: silentLogger,
  });
}

function draw(set: { size: number; count: number }, queryCount = QUERIES): DataSet {
  return clusteredVectors({ ...set, clusters: 1_000, spread: 0.8, queryCount, seed });
}

function fill(index: VectorIndex, data: DataSet): void {
  for (let i = 0; i < data.count; i++) index.add(pointOffset(i), rowOf(data.vectors, i, data.size));
}

function searchFor(search: Partial<IndexSearch>): IndexSearch {
  return { limit: LIMIT, ef: 100, exact: false, indexedOnly: false, ...search };
}

/**
 * Processor time of this thread, in microseconds a call, over at least `MEASURED_MS`: the kernel
 * counts in ticks.
 */
function cpuUs(data: DataSet, run: (query: Float32Array) => void): number {
  let calls = 0;
  const startedMs = performance.now();
  const before = process.threadCpuUsage();
  while (performance.now() - startedMs < MEASURED_MS) {
    run(rowOf(data.queries, calls % data.queryCount, data.size));
    calls++;
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / calls;
}

function recall(data: DataSet, exact: number[][], run: (query: Float32Array) => number[]): number {
  let found = 0;
  for (let i = 0; i < data.queryCount; i++) {
    const given = new Set(run(rowOf(data.queries, i, data.size)));
    for (const row of exact[i] ?? []) if (given.has(row)) found++;
  }
  return found / exact.flat().length;
}

async function benchScan(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const set of SCAN_SETS) {
    for (const distance of ['Dot', 'Euclid', 'Manhattan'] as const) {
      const data = draw(set, 20);
      await using index = await open(set.size, distance, 1e9);
      fill(index, data);
      const us = cpuUs(data, (query) => void index.search(query, searchFor({ exact: true })));
      rows.push({
        size: set.size,
        rows: set.count,
        distance,
        'ms/query': round(us / 1_000, 2),
        'M rows/s': round(set.count / us, 1),
        'GB/s': round((set.count * set.size * 4) / us / 1_000, 1),
      });
    }
  }
  return rows;
}

async function benchGraphs(): Promise<{ build: Row[]; search: Row[] }> {
  const build: Row[] = [];
  const search: Row[] = [];
  for (const set of GRAPH_SETS) {
    const data = draw(set);
    await using index = await open(set.size, 'Cosine', 1);
    fill(index, data);
    const startedMs = performance.now();
    await index.settled();
    const builtMs = performance.now() - startedMs;
    const raw = new hnswlib.HierarchicalNSW('ip', set.size);
    raw.initIndex({ maxElements: set.count, m: EDGES, efConstruction: EF_CONSTRUCT });
    const rawStartedMs = performance.now();
    for (let i = 0; i < set.count; i++) raw.addPoint([...rowOf(data.vectors, i, set.size)], i);
    const rawMs = performance.now() - rawStartedMs;
    build.push({
      size: set.size,
      rows: set.count,
      'index ms/vector': round(builtMs / set.count, 4),
      'hnswlib-node ms/vector': round(rawMs / set.count, 4),
      ratio: round(builtMs / rawMs, 2),
      'index bytes/vector': Math.round(index.stats().memoryBytes / set.count),
    });
    const exact = Array.from({ length: data.queryCount }, (_, i) => [
      ...index.search(rowOf(data.queries, i, set.size), searchFor({ exact: true })).offsets,
    ]);
    const scanUs = cpuUs(data, (query) => void index.search(query, searchFor({ exact: true })));
    for (const ef of EFS) {
      const ours = (query: Float32Array) => [...index.search(query, searchFor({ ef })).offsets];
      const theirs = (query: Float32Array) => raw.searchKnn([...query], LIMIT).neighbors;
      raw.setEf(ef);
      const us = cpuUs(data, ours);
      const rawUs = cpuUs(data, theirs);
      search.push({
        size: set.size,
        rows: set.count,
        ef,
        'index µs': round(us, 1),
        'hnswlib-node µs': round(rawUs, 1),
        ratio: round(us / rawUs, 2),
        recall: round(recall(data, exact, ours), 4),
        'hnswlib-node recall': round(recall(data, exact, theirs), 4),
        'scan µs': round(scanUs, 1),
        'pays from rows': Math.round((us / scanUs) * set.count),
      });
    }
  }
  return { build, search };
}

async function benchFilters(): Promise<Row[]> {
  const data = draw({ size: 128, count: 100_000 });
  await using index = await open(data.size, 'Cosine', 1);
  fill(index, data);
  await index.settled();
  return FILTER_SHARES.map((share) => {
    const accept = new Uint32Array(data.count / 32);
    let acceptCount = 0;
    for (let i = 0; i < data.count; i++) {
      // Spread evenly, and not along with the clusters.
      if ((Math.imul(i, 0x9e3779b1) >>> 0) / 2 ** 32 >= share) continue;
      accept[i >>> 5] = (accept[i >>> 5] ?? 0) | (1 << (i & 31));
      acceptCount++;
    }
    const filter = { accept, acceptCount };
    const us = cpuUs(data, (query) => void index.search(query, searchFor(filter)));
    const scanUs = cpuUs(
      data,
      (query) => void index.search(query, searchFor({ ...filter, exact: true })),
    );
    const exact = Array.from({ length: data.queryCount }, (_, i) => [
      ...index.search(rowOf(data.queries, i, 128), searchFor({ ...filter, exact: true })).offsets,
    ]);
    const run = (query: Float32Array) => [...index.search(query, searchFor(filter)).offsets];
    return {
      share,
      accepted: acceptCount,
      'chosen µs': round(us, 1),
      'scan µs': round(scanUs, 1),
      recall: round(recall(data, exact, run), 4),
    };
  });
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const graphs = await benchGraphs();
const results = {
  ...headOf('index'),
  seed,
  scan: await benchScan(),
  build: graphs.build,
  search: graphs.search,
  filter: await benchFilters(),
};
rmSync(folder, { recursive: true, force: true });
for (const name of ['scan', 'build', 'search', 'filter'] as const) {
  process.stdout.write(`\n${name}\n`);
  console.table(results[name]);
}
saveResult('index.json', results);
