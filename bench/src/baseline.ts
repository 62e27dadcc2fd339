// The baseline of every search figure: hnswlib-node in this process, on the same data with the same parameters.

import hnswlib from 'hnswlib-node';
import { type DataSet, exactNeighbours, rowOf } from './clustered-vectors.ts';

export interface Baseline {
  readonly buildMsPerVector: number;
  readonly usPerQuery: number;
  readonly recall: number;
}

export const EDGES = 16;
export const EF_CONSTRUCT = 100;

/** The exact answers of every query, the yardstick of recall. */
export function groundTruth(data: DataSet, limit: number): number[][] {
  return Array.from({ length: data.queryCount }, (_, query) =>
    exactNeighbours(data, rowOf(data.queries, query, data.size), limit),
  );
}

/** Share of the exact neighbours that were found, over all queries. */
export function recallOf(found: readonly number[][], exact: readonly number[][]): number {
  let hits = 0;
  let wanted = 0;
  for (const [query, neighbours] of exact.entries()) {
    const answer = new Set(found[query]);
    hits += neighbours.filter((row) => answer.has(row)).length;
    wanted += neighbours.length;
  }
  return hits / wanted;
}

export function runBaseline(
  data: DataSet,
  exact: readonly number[][],
  options: { limit: number; ef: number },
): Baseline {
  const graph = new hnswlib.HierarchicalNSW('ip', data.size);
  graph.initIndex(data.count, EDGES, EF_CONSTRUCT, 100);
  const buildFrom = process.cpuUsage();
  for (let row = 0; row < data.count; row++) {
    graph.addPoint([...rowOf(data.vectors, row, data.size)], row);
  }
  const buildMs = elapsedMs(buildFrom);
  graph.setEf(options.ef);
  const queries = exact.map((_, query) => [...rowOf(data.queries, query, data.size)]);
  const searchFrom = process.cpuUsage();
  const found = queries.map((query) => graph.searchKnn(query, options.limit).neighbors);
  const searchMs = elapsedMs(searchFrom);
  return {
    buildMsPerVector: buildMs / data.count,
    usPerQuery: (searchMs * 1_000) / queries.length,
    recall: recallOf(found, exact),
  };
}

/** CPU time of this process, all threads, in milliseconds. */
function elapsedMs(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}
