// Question: does a filter ever make a search dearer than scanning every vector, and what do sparse and hybrid queries
// cost the server?
//
// Napkin: a keyword index gives the set in microseconds; the scan of 1 % of 50,000 rows takes 0.02 ms, the graph with
// half of them accepted 0.2 ms, so the request itself (0.2 ms) is most of it. A sparse query of ten terms touches some
// hundred postings each; a hybrid one is two searches and a fusion.

import { recallOf } from './baseline.ts';
import { closedLoop, quantile } from './closed-loop.ts';
import { type DataSet, rowOf } from './clustered-vectors.ts';
import type { DatabaseClient } from './database-client.ts';
import { type SystemUnderTest, settled, usedSince } from './system-under-test.ts';

export interface FilteredResult {
  /** Share of the points that the filter accepts. */
  readonly share: number;
  readonly recall: number;
  readonly cpuMsPerQuery: number;
  /** The same filter with `exact: true`. */
  readonly exactCpuMsPerQuery: number;
  /** Median of the ratios of one to the other, turn by turn. */
  readonly cpuToExact: number;
}

export interface HybridResult {
  readonly sparseCpuMsPerQuery: number;
  readonly hybridCpuMsPerQuery: number;
}

const COLLECTION = 'filtered';
/** One point in how many; a fourth is where the graph and a scan take about as long. */
const SHARES = [2, 4, 10, 100, 1_000];
const LIMIT = 10;
const EF = 64;
const BATCH = 500;
const CLIENTS = 4;
const REQUESTS = 2_000;
/** A filtered search and its exact scan take turns, because the machine's speed drifts by more than they differ. */
const TURNS = 5;
const REQUESTS_A_TURN = 800;
const TERMS = 2_000;
const TERMS_PER_POINT = 16;

export async function runFiltered(
  system: SystemUnderTest,
  client: DatabaseClient,
  data: DataSet,
): Promise<FilteredResult[]> {
  await client.json('PUT', `/collections/${COLLECTION}`, {
    vectors: { '': { size: data.size, distance: 'Cosine' } },
    sparse_vectors: { words: {} },
    shard_number: 1,
  });
  for (const share of SHARES) {
    await client.json('PUT', `/collections/${COLLECTION}/index?wait=true`, {
      field_name: `of${share}`,
      field_schema: 'integer',
    });
  }
  await ingest(client, data);
  const results: FilteredResult[] = [];
  for (const share of SHARES) results.push(await runShare(system, client, data, share));
  return results;
}

/** Needs the collection that `runFiltered` has filled. */
export async function runHybrid(
  system: SystemUnderTest,
  client: DatabaseClient,
  data: DataSet,
): Promise<HybridResult> {
  const sparse = (query: number) => ({ query: wordsOf(query), using: 'words', limit: LIMIT });
  const hybrid = (query: number) => ({
    prefetch: [
      { query: [...rowOf(data.queries, query, data.size)], limit: 50, params: { hnsw_ef: EF } },
      { ...sparse(query), limit: 50 },
    ],
    query: { fusion: 'rrf' },
    limit: LIMIT,
  });
  return {
    sparseCpuMsPerQuery: (await run(system, client, data, sparse)).cpuMsPerQuery,
    hybridCpuMsPerQuery: (await run(system, client, data, hybrid)).cpuMsPerQuery,
  };
}

async function ingest(client: DatabaseClient, data: DataSet): Promise<void> {
  await closedLoop({
    clients: CLIENTS,
    requests: Math.ceil(data.count / BATCH),
    request: async (index) => {
      const from = index * BATCH;
      const points = Array.from({ length: Math.min(BATCH, data.count - from) }, (_, i) => {
        const row = from + i;
        const payload = Object.fromEntries(SHARES.map((share) => [`of${share}`, row % share]));
        const vector = { '': [...rowOf(data.vectors, row, data.size)], words: wordsOf(row) };
        return { id: row, vector, payload };
      });
      await client.json('PUT', `/collections/${COLLECTION}/points`, { points });
    },
  });
  await settled(client, COLLECTION, data.count);
}

async function runShare(
  system: SystemUnderTest,
  client: DatabaseClient,
  data: DataSet,
  share: number,
): Promise<FilteredResult> {
  const filter = { must: [{ key: `of${share}`, match: { value: 0 } }] };
  const search = (exact: boolean) => (query: number) => ({
    query: [...rowOf(data.queries, query, data.size)],
    filter,
    limit: LIMIT,
    params: { exact, hnsw_ef: EF },
  });
  // Whichever goes first pays for the compiler: both are run once before either counts.
  const chosen = await run(system, client, data, search(false));
  const exact = await run(system, client, data, search(true));
  const cost = (isExact: boolean) =>
    costOf(system, REQUESTS_A_TURN, requestOf(client, data, search(isExact)));
  const costs: { chosenMs: number; exactMs: number }[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    costs.push({ chosenMs: await cost(false), exactMs: await cost(true) });
  }
  return {
    share: 1 / share,
    recall: recallOf(chosen.found, exact.found),
    cpuMsPerQuery: median(costs.map(({ chosenMs }) => chosenMs)),
    exactCpuMsPerQuery: median(costs.map(({ exactMs }) => exactMs)),
    cpuToExact: median(costs.map(({ chosenMs, exactMs }) => chosenMs / exactMs)),
  };
}

function median(figures: readonly number[]): number {
  return quantile(
    [...figures].sort((a, b) => a - b),
    0.5,
  );
}

async function run(
  system: SystemUnderTest,
  client: DatabaseClient,
  data: DataSet,
  bodyOf: (query: number) => unknown,
): Promise<{ found: number[][]; cpuMsPerQuery: number }> {
  const found: number[][] = [];
  const request = requestOf(client, data, bodyOf, found);
  await closedLoop({ clients: CLIENTS, requests: data.queryCount, request });
  return { found, cpuMsPerQuery: await costOf(system, REQUESTS, request) };
}

function requestOf(
  client: DatabaseClient,
  data: DataSet,
  bodyOf: (query: number) => unknown,
  found: number[][] = [],
) {
  return async (index: number): Promise<void> => {
    const query = index % data.queryCount;
    const path = `/collections/${COLLECTION}/points/query`;
    const { points } = Object(await client.json('POST', path, bodyOf(query)));
    found[query] = points.map((point: unknown) => Number(Reflect.get(Object(point), 'id')));
  };
}

/** Milliseconds of the server's CPU a request. */
async function costOf(
  system: SystemUnderTest,
  requests: number,
  request: (index: number) => Promise<void>,
): Promise<number> {
  const before = system.usage();
  await closedLoop({ clients: CLIENTS, requests, request });
  return usedSince(before, system.usage()).peerCpuMs / requests;
}

/** Terms of a row or a query: a function of its number, some terms far more frequent than others. */
function wordsOf(row: number): { indices: number[]; values: number[] } {
  const terms = new Map<number, number>();
  for (let i = 0; terms.size < TERMS_PER_POINT; i++) {
    const mixed = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b);
    const uniform = ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
    terms.set(Math.floor(TERMS * uniform * uniform), 0.5 + (i % 4) / 4);
  }
  const sorted = [...terms].sort((a, b) => a[0] - b[0]);
  return { indices: sorted.map(([term]) => term), values: sorted.map(([, value]) => value) };
}
