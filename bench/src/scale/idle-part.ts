// Replicas that no one asks anything: those that were never written to, and the same with a few points each.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessCluster } from '@tributary/infra';
import { seededRandom } from '@tributary/runtime';
import { cpuMs, residentBytes } from '../process-usage.ts';
import { pointsFor } from './bench-points.ts';
import type { PartContext } from './part-context.ts';

/** Of one replica: what a peer has with them more than without, divided by their number. */
interface ReplicaCost {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

export interface IdleResult {
  /** With 600 replicas that were never written to: share of a core. */
  readonly cores: { readonly peer: number; readonly server: number };
  readonly never: ReplicaCost;
  /** With ten points each, and the first cut after them. */
  readonly written: ReplicaCost;
  /** With those. */
  readonly writtenCores: { readonly peer: number; readonly server: number };
}

const SHARDS = 300;
const REPLICAS = 2;
const POINTS_PER_SHARD = 10;
const IDLE_FOR_MS = 20_000;
const SETTLED_AFTER_MS = 5_000;
/** A cut is written a minute after the first write, and readers rest 30 s after that. */
const QUIET_AFTER_MS = 100_000;

export async function runIdle({ cluster, client, seed }: PartContext): Promise<IdleResult> {
  const empty = await measure(cluster);
  await client.create('idle', { shards: SHARDS, replicas: REPLICAS });
  await sleep(SETTLED_AFTER_MS);
  const never = await measure(cluster);
  const random = seededRandom(seed);
  await client.write('idle', pointsFor(random, 0, SHARDS * POINTS_PER_SHARD));
  await sleep(QUIET_AFTER_MS);
  const written = await measure(cluster);
  const replicas = (SHARDS * REPLICAS) / cluster.peers.length;
  const costOf = (usage: Usage): ReplicaCost => ({
    memoryBytes: (usage.peerBytes - empty.peerBytes) / replicas,
    diskBytes: (usage.diskBytes - empty.diskBytes) / replicas,
  });
  return {
    cores: coresOf(never),
    never: costOf(never),
    written: costOf(written),
    writtenCores: coresOf(written),
  };
}

type Usage = Awaited<ReturnType<typeof measure>>;

function coresOf({ peerCores: peer, serverCores: server }: Usage) {
  return { peer, server };
}

/** Of the busiest peer and the busiest server, over a while in which no one asks anything. */
async function measure(cluster: ProcessCluster) {
  const peers = cluster.peers.map(({ pid }) => pid ?? 0);
  const pids = [...peers, ...cluster.serverPids];
  const before = pids.map(cpuMs);
  await sleep(IDLE_FOR_MS);
  const cores = pids.map((pid, i) => (cpuMs(pid) - (before[i] ?? 0)) / IDLE_FOR_MS);
  return {
    peerCores: Math.max(...cores.slice(0, peers.length)),
    serverCores: Math.max(...cores.slice(peers.length)),
    peerBytes: Math.max(...peers.map(residentBytes)),
    diskBytes: Math.max(...cluster.peers.map(({ folder }) => diskBytes(join(folder, 'replicas')))),
  };
}

/** What the folder takes on the disk, in bytes. */
function diskBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  const said = execFileSync('du', ['-sk', folder], { encoding: 'utf8' });
  return 1024 * Number.parseInt(said, 10);
}
