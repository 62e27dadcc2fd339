// Every process of a cluster of many collections is killed and started: once while nothing was written to them, and
// once with points in each.

import type { ProcessCluster } from '@tributary/infra';
import { seededRandom } from '@tributary/runtime';
import { cpuMs } from '../process-usage.ts';
import { pointsFor } from './bench-points.ts';
import type { PartContext } from './part-context.ts';
import { timed } from './timed.ts';

export interface RestartResult {
  /** From the kill of every process until the last peer is ready: 300 collections that were never written to. */
  readonly emptyMs: number;
  /** With ten points in each. */
  readonly writtenMs: number;
  /** Processor time of every process by then: what the time would be beside nothing else, on as many processors. */
  readonly emptyCpuMs: number;
  readonly writtenCpuMs: number;
}

const COLLECTIONS = 300;
const POINTS = 10;

export async function runRestart({ cluster, client, seed }: PartContext): Promise<RestartResult> {
  const names = Array.from({ length: COLLECTIONS }, (_, i) => `c${i}`);
  for (const name of names) await client.create(name, { shards: 1, replicas: 1 });
  const emptyMs = await timed(() => cluster.killAndStartAll());
  const emptyCpuMs = cpuOf(cluster);
  const random = seededRandom(seed);
  for (const name of names) await client.write(name, pointsFor(random, 0, POINTS));
  const writtenMs = await timed(() => cluster.killAndStartAll());
  return { emptyMs, writtenMs, emptyCpuMs, writtenCpuMs: cpuOf(cluster) };
}

/** Since they were started. */
function cpuOf(cluster: ProcessCluster): number {
  const pids = [...cluster.peers.map(({ pid }) => pid ?? 0), ...cluster.serverPids];
  return pids.map(cpuMs).reduce((sum, each) => sum + each, 0);
}
