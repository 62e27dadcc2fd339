// Question: what does a filter cost a search of one replica, by the share of points it holds for, with and without an
// index on its key; and what do orders, facets and samples cost?
//
// Napkin: without an index every payload is read and parsed, some 3 µs each: 150 ms for 50,000. With a keyword index a
// selection sets a bit a point, 10 ns each: 0.25 ms at half of the points, nothing at a thousandth; the rest is the
// search of what is selected.
//
// Run: node bench/src/filter-bench.ts [seed]. Prints tables, writes results/filters.json.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createSegmentBuilder,
  createVectorIndex,
  PayloadIndexes,
  PointTable,
} from '@tributary/index';
import {
  COLLECTION_DEFAULTS,
  type FieldIndex,
  type Filter,
  ID_ONLY,
  type JsonObject,
  NO_STAMP,
  payloadToBytes,
  sequence,
} from '@tributary/model';
import { silentLogger, systemClock } from '@tributary/runtime';
import { ReplicaReader } from '@tributary/search';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { clusteredVectors, rowOf } from './clustered-vectors.ts';
import { headOf, saveResult } from './results.ts';

const COUNT = 50_000;
const SIZE = 128;
const MEASURED_MS = 300;
/** Key of a field, and one point in how many has a given value of it. */
const FIELDS = { half: 2, tenth: 10, percent: 100, mille: 1_000 } as const;

const seed = Number(process.argv[2] ?? 1);
const folder = path.join(tmpdir(), `tributary-filter-bench-${process.pid}`);
const data = clusteredVectors({
  size: SIZE,
  count: COUNT,
  clusters: 1_000,
  spread: 0.8,
  queryCount: 100,
  seed,
});
const table = new PointTable();
const store = await new MemoryReplicaStores().open('bench');
await using builder = createSegmentBuilder({ logger: silentLogger });
await using index = await createVectorIndex({
  size: SIZE,
  distance: 'Dot',
  m: 16,
  efConstruct: 100,
  tailVectorsMax: 9_000,
  graphVectorsMin: 9_000,
  smallTailVectorsMax: 0,
  wornVectorsMin: 0,
  deletedShareMax: 0.3,
  folder,
  identify: (offset) => table.idAt(offset) ?? 0,
  builder,
  clock: systemClock,
  logger: silentLogger,
});
const vectors = { '': { size: SIZE, distance: 'Dot' as const } };
const indexes = new Map([['', index]]);
const payloadIndexes = new PayloadIndexes(table, indexes);
const sources = {
  store,
  table,
  indexes,
  payloadIndexes,
  config: { ...COLLECTION_DEFAULTS, vectors },
  clock: systemClock,
};

function payloadOf(id: number): JsonObject {
  const tags = Object.entries(FIELDS).map(([key, every]) => [key, `${key} ${id % every}`]);
  return { ...Object.fromEntries(tags), n: id % 1_000, text: 'a few words as payloads have them' };
}

async function fill(): Promise<void> {
  const version = sequence(1);
  const puts = Array.from({ length: COUNT }, (_, id) => ({
    id,
    version,
    stamp: NO_STAMP,
    vectors: { '': rowOf(data.vectors, id, SIZE) },
    payload: payloadToBytes(payloadOf(id)),
  }));
  store.commit({ puts, deletes: [], appliedSequence: version, appliedCount: 1 });
  for (const { id, vectors: named } of puts) index.add(table.assign(id, version), named['']);
  index.maintain();
  await index.settled();
}

/** Processor time of this thread, in milliseconds a call. */
function cpuMs(run: (call: number) => void): number {
  let calls = 0;
  const startedMs = performance.now();
  const before = process.threadCpuUsage();
  do run(calls++);
  while (performance.now() - startedMs < MEASURED_MS);
  const { user, system } = process.threadCpuUsage(before);
  return round((user + system) / 1_000 / calls, 4);
}

function createIndex(field: string, fieldIndex: FieldIndex): void {
  const points = Array.from({ length: COUNT }, (_, id) => {
    const offset = table.resolve(id);
    if (offset === undefined) throw new Error(`point ${id} is gone`);
    return { offset, payload: payloadOf(id) };
  });
  payloadIndexes.create(field, fieldIndex, points);
}

function searches(cacheBytes: number) {
  const reader = new ReplicaReader({ ...sources, filterCacheBytesMax: cacheBytes });
  return Object.entries(FIELDS).map(([key, every]) => {
    const filter: Filter = { must: [{ kind: 'match', key, value: `${key} 1` }] };
    const search = (call: number) => {
      const vector = rowOf(data.queries, call % data.queryCount, SIZE);
      const scoring = { kind: 'nearest' as const, vector };
      reader.search({ scoring, using: '', limit: 10, params: {}, projection: ID_ONLY, filter });
    };
    return {
      'share %': round(100 / every, 1),
      plan: reader.explain({ filter }).filter?.plan,
      'ms a search': cpuMs(search),
      'ms of it the filter': cpuMs(() => void reader.count(filter)),
    };
  });
}

function reads() {
  const reader = new ReplicaReader({ ...sources, filterCacheBytesMax: 0 });
  const half: Filter = { must: [{ kind: 'match', key: 'half', value: 'half 1' }] };
  const mille: Filter = { must: [{ kind: 'match', key: 'mille', value: 'mille 1' }] };
  const orderBy = { key: 'n', direction: 'desc' as const };
  return [
    {
      read: 'facet of 1,000 values',
      ms: cpuMs(() => void reader.facet({ key: 'mille', limit: 10 })),
    },
    {
      read: 'the same over half of the points',
      ms: cpuMs(() => void reader.facet({ key: 'mille', limit: 10, filter: half })),
    },
    {
      read: 'order by, 10 points',
      ms: cpuMs(() => void reader.scroll({ limit: 10, projection: ID_ONLY, orderBy })),
    },
    {
      read: 'page of 10, 0.1 % match',
      ms: cpuMs(() => void reader.scroll({ limit: 10, projection: ID_ONLY, filter: mille })),
    },
    {
      read: 'sample of 10',
      ms: cpuMs((call) => void reader.sample({ limit: 10, seed: call, projection: ID_ONLY })),
    },
  ];
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

await fill();
const unindexed = searches(0);
for (const field of Object.keys(FIELDS)) createIndex(field, { type: 'keyword' });
const bytesAPoint = round(payloadIndexes.memoryBytes / COUNT / Object.keys(FIELDS).length, 1);
createIndex('n', { type: 'integer', lookup: true, range: true });
const results = {
  ...headOf('filters'),
  seed,
  points: COUNT,
  size: SIZE,
  'bytes a point of a keyword index': bytesAPoint,
  unindexed,
  indexed: searches(0),
  kept: searches(16 << 20),
  reads: reads(),
};
rmSync(folder, { recursive: true, force: true });
for (const name of ['unindexed', 'indexed', 'kept', 'reads'] as const) {
  process.stdout.write(`\n${name}\n`);
  console.table(results[name]);
}
saveResult('filters.json', results);
