// Question: what does an update by filter that changes few points cost a replica, with and without an index on the
// filter's key, and how much of it at a stretch, while searches wait?
//
// Napkin: without an index every payload is read from RocksDB and parsed, 5 µs each: 500 ms for 100,000, in steps of
// 500 points, so a search waits some 3 ms. With an index ten ids are known at once: well below a millisecond.
//
// Run: node bench/src/filter-update-bench.ts. Prints a table, writes results/filter-updates.json.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  FIRST_GENERATION,
  type Filter,
  type PointOperation,
  payloadToBytes,
  shardId,
} from '@tributary/model';
import { Replica } from '@tributary/replica-core';
import { createRocksReplicaStores } from '@tributary/rocks';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { headOf, saveResult } from './results.ts';

const COUNT = 100_000;
const UPSERTED_AT_ONCE = 500;
const SIZE = 128;
/** Points an update changes. */
const CHANGED = 10;

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: SIZE, distance: 'Dot' } },
};
const folder = mkdtempSync(path.join(tmpdir(), 'tributary-filter-update-bench-'));
const collection = collectionId('bench');
const shard = shardId(0);
const streams = new MemoryWriteStreams();
await streams.create(collection);
const stream = streams.open(collection, FIRST_GENERATION);
const stopping = new AbortController();
let written = 0;
let turns = 0;
const replica = await Replica.open(
  {
    address: { collection, shard },
    config,
    createdVectors: config,
    generation: FIRST_GENERATION,
    streams,
    stores: createRocksReplicaStores({ folder, logger: silentLogger }),
    createIndex: async () => new MemoryVectorIndex('Dot'),
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    turn: takeTurn,
    onStatus: () => {},
  },
  stopping.signal,
);
const running = replica.run(stopping.signal);

async function write(...operations: PointOperation[]): Promise<void> {
  const operationId = `${++written}`;
  const data = encodeEntry({ operationId, timeMs: written, operations });
  await stream.append([{ shard, messageId: operationId, data }]);
}

function upsert(from: number): PointOperation {
  const random = seededRandom(from);
  const points = Array.from({ length: UPSERTED_AT_ONCE }, (_, i) => {
    const group = Math.floor((from + i) / CHANGED);
    const text = 'a few words as payloads have them';
    return {
      id: from + i,
      vectors: { '': Float32Array.from({ length: SIZE }, () => random.next()) },
      payload: payloadToBytes({ group: `group ${group}`, plain: `group ${group}`, n: i, text }),
    };
  });
  return { kind: 'upsert', points };
}

/** Processor time of this thread, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Counts how often others have their turn. */
async function takeTurn(): Promise<void> {
  turns++;
  await new Promise((resolve) => setImmediate(resolve));
}

/** Processor time an update, and between two turns of it, in milliseconds. */
async function measured(rounds: number, update: (round: number) => PointOperation) {
  const before = cpuMs();
  turns = 0;
  for (let round = 0; round < rounds; round++) {
    await write(update(round));
    await replica.catchUp();
  }
  const spentMs = cpuMs() - before;
  return {
    'CPU, ms': Number((spentMs / rounds).toFixed(2)),
    'of it between two turns, ms': Number((spentMs / turns).toFixed(2)),
  };
}

const filterOf = (key: string, group: number): Filter => ({
  must: [{ kind: 'match', key, value: `group ${group}` }],
});
const removing = (key: string, first: number) => (round: number) => ({
  kind: 'delete' as const,
  selector: { kind: 'filter' as const, filter: filterOf(key, first + round) },
});
const setting = (key: string, first: number) => (round: number) => ({
  kind: 'setPayload' as const,
  selector: { kind: 'filter' as const, filter: filterOf(key, first + round) },
  payload: { seen: true },
});

for (let from = 0; from < COUNT; from += UPSERTED_AT_ONCE) await write(upsert(from));
await replica.catchUp();
await write({ kind: 'createFieldIndex', field: 'group', index: { type: 'keyword' } });
await replica.catchUp();
const table = {
  'delete, no index': await measured(15, removing('plain', 100)),
  'delete, keyword index': await measured(500, removing('group', 1_000)),
  'set payload, no index': await measured(15, setting('plain', 300)),
  'set payload, keyword index': await measured(500, setting('group', 2_000)),
};
stopping.abort();
await running;
await replica.close();
rmSync(folder, { recursive: true, force: true });
console.table(table);
const results = {
  ...headOf('filter updates'),
  points: COUNT,
  changed: CHANGED,
  ...table,
};
saveResult('filter-updates.json', results);
