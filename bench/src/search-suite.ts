// Question: what does a search cost the server, whole, and how much of that is the graph?
//
// Napkin: the graph takes about 0.1 ms at ef 64; a gRPC call in Node about 0.15 ms, a REST one 0.1 ms; the hop to the
// worker and back 0.02 ms when several searches share it.

import { recallOf } from './baseline.ts';
import { closedLoop } from './closed-loop.ts';
import type { DataSet } from './clustered-vectors.ts';
import type { DatabaseClient, Protocol } from './database-client.ts';
import { type SystemUnderTest, usedSince } from './system-under-test.ts';

export interface SearchResult {
  readonly protocol: Protocol;
  readonly clients: number;
  readonly ef: number;
  readonly recall: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerQuery: number;
}

/**
 * Of each protocol and number of clients. V8 goes on compiling for some 15,000 calls after a start, at up to half as
 * much CPU again; measured after 5,000, the same search by one gRPC client costs 0.48 ms, then 0.36, then 0.32.
 */
const WARM_UP = 20_000;
const REQUESTS = 6_000;

export async function runSearches(
  system: SystemUnderTest,
  client: DatabaseClient,
  data: DataSet,
  options: { collection: string; exact: readonly number[][]; limit: number; ef: number },
): Promise<SearchResult[]> {
  const results: SearchResult[] = [];
  for (const protocol of ['gRPC', 'REST'] as const) {
    const search = client.searcher(protocol, data, options);
    for (const clients of [1, 8]) {
      const found: number[][] = [];
      const request = async (index: number) => {
        const query = index % data.queryCount;
        found[query] = await search(query);
      };
      await closedLoop({ clients, requests: WARM_UP, request });
      const before = system.usage();
      const loop = await closedLoop({ clients, requests: REQUESTS, request });
      const { peerCpuMs } = usedSince(before, system.usage());
      results.push({
        protocol,
        clients,
        ef: options.ef,
        recall: recallOf(found, options.exact),
        perSecond: loop.perSecond,
        p50Ms: loop.p50Ms,
        p99Ms: loop.p99Ms,
        cpuMsPerQuery: peerCpuMs / REQUESTS,
      });
    }
  }
  return results;
}
