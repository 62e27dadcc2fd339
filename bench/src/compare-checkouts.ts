// Question: did a search become dearer between two states of the source? Both run at once on the same data, and are
// asked in turn, so that what else the machine does falls on both alike.
//
// Run: node bench/src/compare-checkouts.ts <folder before> <folder after> [rounds]. Each folder is a checkout that is
// set up. Prints the peer's CPU per search of both, and the median of the ratios of all rounds.

import path from 'node:path';
import type { closedLoop as ClosedLoop } from './closed-loop.ts';
import { clusteredVectors } from './clustered-vectors.ts';
import type { DatabaseClient, Protocol } from './database-client.ts';
import type { runIngest as RunIngest } from './ingest-suite.ts';
import type { SystemUnderTest as System, usedSince as UsedSince } from './system-under-test.ts';

const SEARCH = { collection: 'bench', limit: 10, ef: 32 };
/** V8 goes on compiling for as long. */
const WARM_UP = 15_000;
const REQUESTS = 3_000;
const SHAPES: readonly (readonly [Protocol, number])[] = [
  ['gRPC', 1],
  ['gRPC', 8],
  ['REST', 1],
  ['REST', 8],
];

interface Checkout {
  readonly system: System;
  readonly client: DatabaseClient;
  readonly usedSince: typeof UsedSince;
  readonly closedLoop: typeof ClosedLoop;
  readonly ingestCpuMs: number;
}

const data = clusteredVectors({
  count: 50_000,
  size: 128,
  clusters: 500,
  spread: 0.7,
  queryCount: 500,
  seed: 1,
});
const [before, after, rounds = '8'] = process.argv.slice(2);
if (before === undefined || after === undefined) {
  console.log('node bench/src/compare-checkouts.ts <folder before> <folder after> [rounds]');
  process.exit(1);
}
const one = await started(path.resolve(before));
const two = await started(path.resolve(after));
const ingestRatio = two.ingestCpuMs / one.ingestCpuMs;
console.log(`ingest, CPU a vector: ratio ${ingestRatio.toFixed(2)} (once)`);
for (const [protocol, clients] of SHAPES) {
  const search = (checkout: Checkout, requests: number) =>
    cpuMsOf(checkout, protocol, clients, requests);
  await search(one, WARM_UP);
  await search(two, WARM_UP);
  const pairs: [number, number][] = [];
  for (let round = 0; round < Number(rounds); round++) {
    const first = round % 2 === 0 ? await search(one, REQUESTS) : undefined;
    const second = await search(two, REQUESTS);
    pairs.push([first ?? (await search(one, REQUESTS)), second]);
  }
  const [a, b] = [median(pairs.map(([cpu]) => cpu)), median(pairs.map(([, cpu]) => cpu))];
  const ratio = median(pairs.map(([x, y]) => y / x));
  const shape = `${protocol}, ${clients} clients`.padEnd(16);
  console.log(`${shape} ${a.toFixed(3)} → ${b.toFixed(3)} ms CPU, ratio ${ratio.toFixed(2)}`);
}
await one.system[Symbol.asyncDispose]();
await two.system[Symbol.asyncDispose]();
process.exit(0);

async function started(root: string): Promise<Checkout> {
  const load = (file: string) => import(path.join(root, 'bench/src', file));
  const { runIngest }: { runIngest: typeof RunIngest } = await load('ingest-suite.ts');
  const { closedLoop }: { closedLoop: typeof ClosedLoop } = await load('closed-loop.ts');
  const { SystemUnderTest, usedSince } = await load('system-under-test.ts');
  const system: System = await SystemUnderTest.start();
  const client = system.connect();
  const emptyBytes = system.residentBytes();
  const { cpuMsPerVector } = await runIngest(system, client, SEARCH.collection, data, emptyBytes);
  return { system, client, usedSince, closedLoop, ingestCpuMs: cpuMsPerVector };
}

async function cpuMsOf(
  { system, client, usedSince, closedLoop }: Checkout,
  protocol: Protocol,
  clients: number,
  requests: number,
): Promise<number> {
  const search = client.searcher(protocol, data, SEARCH);
  const request = async (index: number) => void (await search(index % data.queryCount));
  const used = system.usage();
  await closedLoop({ clients, requests, request });
  return usedSince(used, system.usage()).peerCpuMs / requests;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
