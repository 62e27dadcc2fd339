// Question: what does a vector cost from the client to the built graph, and how soon is it found?
//
// Napkin: encoding, the append and RocksDB take some 30 µs a vector, the graph 70 to 150 µs; an append of a lone
// nats-server is one fsync, 0.2 to 2 ms, and a search finds the point one hop after that.

import { closedLoop, quantile } from './closed-loop.ts';
import type { DataSet } from './clustered-vectors.ts';
import type { DatabaseClient } from './database-client.ts';
import { type SystemUnderTest, settled, usedSince } from './system-under-test.ts';

export interface IngestResult {
  /** Peer and nats-server together, the graph built. */
  readonly cpuMsPerVector: number;
  readonly peerCpuMsPerVector: number;
  readonly natsCpuMsPerVector: number;
  readonly acknowledgedPerSecond: number;
  readonly indexedPerSecond: number;
  readonly indexedVectors: number;
  /** Right after the ingest, with what it used and the allocator has kept. */
  readonly ingestedBytesPerVector: number;
}

export interface WriteLatency {
  readonly acknowledgedP50Ms: number;
  readonly acknowledgedP99Ms: number;
  readonly completedP50Ms: number;
  readonly completedP99Ms: number;
  readonly searchableP50Ms: number;
  readonly searchableP99Ms: number;
}

const BATCH = 500;
const CLIENTS = 4;
const SINGLES = 200;

export async function createCollection(
  client: DatabaseClient,
  collection: string,
  size: number,
): Promise<void> {
  await client.json('PUT', `/collections/${collection}`, {
    vectors: { size, distance: 'Cosine' },
    shard_number: 1,
  });
}

export async function runIngest(
  system: SystemUnderTest,
  client: DatabaseClient,
  collection: string,
  data: DataSet,
  emptyBytes: number,
): Promise<IngestResult> {
  await createCollection(client, collection, data.size);
  const before = system.usage();
  const startedMs = performance.now();
  const { seconds } = await closedLoop({
    clients: CLIENTS,
    requests: Math.ceil(data.count / BATCH),
    request: (index) => {
      const from = index * BATCH;
      return client.upsert(collection, data, from, Math.min(data.count, from + BATCH), false);
    },
  });
  const { indexed } = await settled(client, collection, data.count);
  const indexedSeconds = (performance.now() - startedMs) / 1_000;
  const { peerCpuMs, natsCpuMs } = usedSince(before, system.usage());
  return {
    cpuMsPerVector: (peerCpuMs + natsCpuMs) / data.count,
    peerCpuMsPerVector: peerCpuMs / data.count,
    natsCpuMsPerVector: natsCpuMs / data.count,
    acknowledgedPerSecond: data.count / seconds,
    indexedPerSecond: data.count / indexedSeconds,
    indexedVectors: indexed,
    ingestedBytesPerVector: (system.residentBytes() - emptyBytes) / data.count,
  };
}

/** Single points into a collection of its own: how long until acknowledged, completed, and found by a search. */
export async function runWriteLatency(
  client: DatabaseClient,
  collection: string,
  data: DataSet,
): Promise<WriteLatency> {
  await createCollection(client, collection, data.size);
  const own: DataSet = { ...data, queries: data.vectors, queryCount: 2 * SINGLES };
  const search = client.searcher('gRPC', own, { collection, limit: 1, ef: 64 });
  const acknowledged: number[] = [];
  const searchable: number[] = [];
  const completed: number[] = [];
  for (let row = 0; row < SINGLES; row++) {
    const sentMs = performance.now();
    await client.upsert(collection, data, row, row + 1, false);
    const acknowledgedMs = performance.now();
    acknowledged.push(acknowledgedMs - sentMs);
    while ((await search(row))[0] !== row);
    searchable.push(performance.now() - acknowledgedMs);
  }
  for (let row = SINGLES; row < 2 * SINGLES; row++) {
    const sentMs = performance.now();
    await client.upsert(collection, data, row, row + 1, true);
    completed.push(performance.now() - sentMs);
  }
  for (const list of [acknowledged, searchable, completed]) list.sort((a, b) => a - b);
  return {
    acknowledgedP50Ms: quantile(acknowledged, 0.5),
    acknowledgedP99Ms: quantile(acknowledged, 0.99),
    completedP50Ms: quantile(completed, 0.5),
    completedP99Ms: quantile(completed, 0.99),
    searchableP50Ms: quantile(searchable, 0.5),
    searchableP99Ms: quantile(searchable, 0.99),
  };
}
