// Question: what do codes, examples, sparse and multi vectors of libs/index cost, what recall do codes keep, and what
// do datatypes save?
//
// Napkin: a scan is memory speed (20 GB/s), so bytes could be four times as fast as float32 and bits 32 times, less
// some 2 ns a row for its number. An example costs a scan of scores and 5 ns a row to combine. A query over sparse
// lists adds one product a posting, about 1 ns; MaxSim is a scan for each row of the query.
//
// Run: node bench/src/vector-kinds-bench.ts [seed]. Prints tables, writes results/vector-kinds.json.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type CreateVectorIndexOptions,
  createVectorIndex,
  type IndexSearch,
  MultiVectorIndex,
  type Quantization,
  SparseIndex,
  type VectorIndex,
} from '@tributary/index';
import { type Distance, pointOffset, type SparseVector } from '@tributary/model';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { clusteredVectors, type DataSet, rowOf } from './clustered-vectors.ts';
import { benchDatatypes } from './datatype-suite.ts';
import { headOf, saveResult } from './results.ts';

const QUERIES = 50;
const MEASURED_MS = 300;
const CODED_SETS = [
  { size: 128, count: 100_000 },
  { size: 768, count: 20_000 },
];
const CODES: readonly Quantization[] = [{ kind: 'scalar', quantile: 0.99 }, { kind: 'binary' }];
const OVERSAMPLINGS = [1, 2, 4, 8];
const EXAMPLES = [1, 4, 8];
const SPARSE = { count: 100_000, terms: 30_000, values: 120, queryTerms: 40 };
const MULTI = { count: 5_000, rows: 32, size: 128, queryRows: 16 };

type Row = Readonly<Record<string, string | number>>;

const seed = Number(process.argv[2] ?? 1);
const random = seededRandom(seed);
const folder = path.join(tmpdir(), `tributary-vector-kinds-bench-${process.pid}`);
const everything: IndexSearch = { limit: 10, ef: 100, exact: true, indexedOnly: false };

function open(
  options: Pick<CreateVectorIndexOptions, 'size' | 'quantization' | 'datatype'> & {
    distance?: Distance;
  },
): Promise<VectorIndex> {
  return createVectorIndex({
    distance: 'Cosine',
    ...options,
    m: 0,
    efConstruct: 100,
    tailVectorsMax: 1e9,
    graphVectorsMin: Number.POSITIVE_INFINITY,
    smallTailVectorsMax: 0,
    wornVectorsMin: 0,
    deletedShareMax: 0.3,
    folder,
    identify: (offset) => offset,
    builder: {
      build: async () => {},
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
    clock: systemClock,
    logger: silentLogger,
  });
}

/** Processor time of this thread, in milliseconds a call. */
function cpuMs(run: (call: number) => void): number {
  let calls = 0;
  const startedMs = performance.now();
  const before = process.threadCpuUsage();
  while (performance.now() - startedMs < MEASURED_MS) run(calls++);
  const { user, system } = process.threadCpuUsage(before);
  return round((user + system) / calls / 1_000, 3);
}

function fill(index: VectorIndex, data: DataSet): void {
  for (let i = 0; i < data.count; i++) index.add(pointOffset(i), rowOf(data.vectors, i, data.size));
}

async function benchCodes(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const set of CODED_SETS) {
    const data = clusteredVectors({
      ...set,
      clusters: 1_000,
      spread: 0.8,
      queryCount: QUERIES,
      seed,
    });
    const query = (i: number) => rowOf(data.queries, i % QUERIES, set.size);
    for (const quantization of CODES) {
      await using index = await open({ size: set.size, quantization });
      fill(index, data);
      // Every twelfth offset.
      const accept = new Uint32Array(Math.ceil(set.count / 32)).map((_, word) => {
        let bits = 0;
        for (let bit = 0; bit < 32; bit++) if ((word * 32 + bit) % 12 === 0) bits |= 1 << bit;
        return bits;
      });
      for (const filter of [{}, { accept, acceptCount: Math.ceil(set.count / 12) }]) {
        const exact = { ...everything, ...filter };
        const exactMs = cpuMs((i) => void index.search(query(i), exact));
        for (const oversampling of OVERSAMPLINGS) {
          const coded = { ...exact, exact: false, quantization: { oversampling } };
          rows.push({
            data: data.name,
            codes: quantization.kind,
            filter: 'accept' in filter ? '1/12' : '',
            oversampling,
            'exact ms': exactMs,
            'coded ms': cpuMs((i) => void index.search(query(i), coded)),
            recall: recall(index, query, exact, coded),
          });
        }
      }
    }
  }
  return rows;
}

function recall(
  index: VectorIndex,
  query: (i: number) => Float32Array,
  exact: IndexSearch,
  coded: IndexSearch,
): number {
  let wanted = 0;
  let found = 0;
  for (let i = 0; i < QUERIES; i++) {
    const given = new Set(index.search(query(i), coded).offsets);
    for (const offset of index.search(query(i), exact).offsets) {
      wanted++;
      if (given.has(offset)) found++;
    }
  }
  return round(found / wanted, 4);
}

async function benchExamples(): Promise<Row[]> {
  const set = { size: 128, count: 100_000 };
  const data = clusteredVectors({
    ...set,
    clusters: 1_000,
    spread: 0.8,
    queryCount: QUERIES,
    seed,
  });
  await using index = await open({ size: set.size, quantization: { kind: 'binary' } });
  fill(index, data);
  const nearestMs = cpuMs((i) => {
    index.search(rowOf(data.queries, i % QUERIES, set.size), everything);
  });
  return EXAMPLES.map((count) => {
    const positives = Array.from({ length: count }, (_, i) => rowOf(data.queries, i, set.size));
    const scoring = { kind: 'bestScore', positives, negatives: [] } as const;
    const ms = cpuMs(() => void index.searchByExamples(scoring, everything));
    return {
      data: data.name,
      examples: count,
      ms,
      'nearest ms': nearestMs,
      'ratio an example': round(ms / nearestMs / count, 2),
    };
  });
}

function sparseVector(values: number): SparseVector {
  // Frequent terms and rare ones.
  const drawn = Array.from({ length: values }, () => Math.floor(SPARSE.terms * random.next() ** 3));
  const indices = Uint32Array.from(new Set(drawn)).sort();
  return { indices, values: Float32Array.from(indices, () => random.next()) };
}

function benchSparse(): Row[] {
  const index = new SparseIndex();
  const vectors = Array.from({ length: SPARSE.count }, () => sparseVector(SPARSE.values));
  const values = vectors.reduce((sum, { indices }) => sum + indices.length, 0);
  const startedMs = performance.now();
  for (const [i, vector] of vectors.entries()) index.add(pointOffset(i), vector);
  const addUs = ((performance.now() - startedMs) / SPARSE.count) * 1_000;
  const query = sparseVector(SPARSE.queryTerms);
  const queryMs = cpuMs(() => void index.search(query, everything));
  const bytesPerValue = index.stats().memoryBytes / values;
  let longestMs = 0;
  for (let i = 0; i < SPARSE.count * 0.3; i++) {
    const removeStartedMs = performance.now();
    index.remove(pointOffset(i));
    longestMs = Math.max(longestMs, performance.now() - removeStartedMs);
  }
  return [
    {
      vectors: SPARSE.count,
      'values/vector': round(values / SPARSE.count, 1),
      'add µs': round(addUs, 1),
      'bytes/value': round(bytesPerValue, 1),
      'query ms': queryMs,
      'sweep ms': round(longestMs, 1),
    },
  ];
}

function benchMulti(): Row[] {
  const { count, rows, size, queryRows } = MULTI;
  const draw = (many: number) => ({
    size,
    rows: Float32Array.from({ length: many * size }, () => random.next() - 0.5),
  });
  const index = new MultiVectorIndex({ size, distance: 'Dot' });
  for (let i = 0; i < count; i++) index.add(pointOffset(i), draw(rows));
  const query = draw(queryRows);
  const ms = cpuMs(() => void index.search(query, everything));
  const perRow = round((ms * 1e6) / (count * rows * queryRows), 1);
  return [{ points: count, rows: count * rows, size, queryRows, ms, 'ns a pair of rows': perRow }];
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const results = {
  ...headOf('vector-kinds'),
  seed,
  // First, while the process is small: it measures memory.
  datatypes: await benchDatatypes({ seed, open, cpuMs }),
  codes: await benchCodes(),
  examples: await benchExamples(),
  sparse: benchSparse(),
  multi: benchMulti(),
};
rmSync(folder, { recursive: true, force: true });
for (const name of ['datatypes', 'codes', 'examples', 'sparse', 'multi'] as const) {
  process.stdout.write(`\n${name}\n`);
  console.table(results[name]);
}
saveResult('vector-kinds.json', results);
