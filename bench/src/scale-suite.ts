// What does a cluster of many replicas cost, and how fast is it made, lost, found again and restarted?
//
// Napkin: making a shard's replica is opening a store (4 ms) and one line of an event, so 512 replicas over two cores
// are a second or two; an idle replica has nothing to do, so 600 of them should cost what a timer costs.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { atMost, type Goal } from './goals.ts';
import { cpuMs, residentBytes } from './process-usage.ts';

export interface ScaleResult {
  /** 256 shards × 2 replicas, until every one is Active. */
  readonly createdMs: number;
  /**
   * From the stop of a peer until no replica of it is Active any more, beside those that are the last of their shard.
   */
  readonly deadMs: number;
  /** From its going on until every replica is Active again. */
  readonly activeAgainMs: number;
  /** With 600 idle replicas, beside the same processes without them: share of a core. */
  readonly idleCores: { readonly peer: number; readonly server: number };
  readonly idleBytesPerReplica: { readonly memory: number; readonly disk: number };
  /** 300 collections on three peers: from the kill of every process until the last peer is ready. */
  readonly restartedMs: number;
}

const PEERS = 3;
const SHARDS = 256;
const IDLE_SHARDS = 300;
const COLLECTIONS = 300;
const IDLE_FOR_MS = 20_000;
const WITHIN_MS = 180_000;

export async function runScale(): Promise<ScaleResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-scale-'));
  const cluster = await ProcessCluster.start({
    folder,
    servers: 3,
    peers: PEERS,
    peerFlags: ['--log-level', 'warn'],
  });
  try {
    const client = new ClusterClient(cluster);
    const empty = await measureIdle(cluster);
    const createdMs = await timed(() => client.create('many', SHARDS, 2));
    const { deadMs, activeAgainMs } = await loseAndFind(cluster, client);
    await client.remove('many');
    await client.create('idle', IDLE_SHARDS, 2);
    await sleep(5_000);
    const full = await measureIdle(cluster);
    const ofPeer = (2 * IDLE_SHARDS) / PEERS;
    await client.remove('idle');
    for (let i = 0; i < COLLECTIONS; i++) await client.create(`c${i}`, 1, 1);
    const restartedMs = await timed(() => cluster.killAndStartAll());
    return {
      createdMs,
      deadMs,
      activeAgainMs,
      idleCores: { peer: full.peerCores, server: full.serverCores },
      idleBytesPerReplica: {
        memory: (full.peerBytes - empty.peerBytes) / ofPeer,
        disk: (full.diskBytes - empty.diskBytes) / ofPeer,
      },
      restartedMs,
    };
  } finally {
    await cluster[Symbol.asyncDispose]();
    removeFolder(folder);
  }
}

export function scaleGoals(result: ScaleResult): Goal[] {
  const { idleCores, idleBytesPerReplica: idle } = result;
  return [
    atMost('256 shards × 2 replicas made', 2, result.createdMs / 1_000, 's'),
    atMost('a peer stopped: its replicas Dead', 6, result.deadMs / 1_000, 's'),
    atMost('a peer goes on: its replicas Active', 5, result.activeAgainMs / 1_000, 's'),
    atMost('600 idle replicas: a peer', 2, 100 * idleCores.peer, '% of a core'),
    atMost('600 idle replicas: a nats-server', 2, 100 * idleCores.server, '% of a core'),
    atMost('an idle replica: memory', 0.3, idle.memory / 1e6, 'MB'),
    atMost('an idle replica: disk', 200, idle.disk / 1e3, 'KB'),
    atMost('300 collections: restart of every process', 10, result.restartedMs / 1_000, 's'),
  ];
}

async function loseAndFind(cluster: ProcessCluster, client: ClusterClient) {
  const [first, , last] = cluster.peers;
  if (first === undefined || last === undefined) throw new Error('a cluster has peers');
  const { peer_id: lost } = await client.cluster('many', last.url);
  last.pause();
  const deadMs = await timed(async () => {
    const isGone = (states: ReplicaStates) =>
      states.every(({ peer, state }) => peer !== lost || state !== 'Active');
    await client.until('many', first.url, isGone);
  });
  last.resume();
  const activeAgainMs = await timed(() => client.until('many', first.url, allActive));
  return { deadMs, activeAgainMs };
}

type ReplicaStates = readonly { readonly peer: number; readonly state: string }[];

function allActive(states: ReplicaStates): boolean {
  return states.every(({ state }) => state === 'Active');
}

class ClusterClient {
  readonly #cluster: ProcessCluster;

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster;
  }

  /** Resolves once every replica is Active. */
  async create(name: string, shards: number, replicas: number): Promise<void> {
    await this.#send('PUT', `/collections/${name}?timeout=120`, {
      vectors: { size: 128, distance: 'Cosine' },
      shard_number: shards,
      replication_factor: replicas,
    });
    await this.until(name, this.#url, allActive);
  }

  async remove(name: string): Promise<void> {
    await this.#send('DELETE', `/collections/${name}?timeout=120`);
    await sleep(3_000);
  }

  async cluster(name: string, url: string): Promise<ClusterAnswer> {
    const answer = await fetch(`${url}/collections/${name}/cluster`);
    const { result } = (await answer.json()) as { result: ClusterAnswer };
    return result;
  }

  async until(name: string, url: string, isSo: (states: ReplicaStates) => boolean): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    while (performance.now() < deadline) {
      const { peer_id, local_shards: local, remote_shards: remote } = await this.cluster(name, url);
      const states = [
        ...local.map(({ state }) => ({ peer: peer_id, state })),
        ...remote.map((each) => ({ peer: each.peer_id, state: each.state })),
      ];
      if (isSo(states)) return;
      await sleep(20);
    }
    throw new Error(`the replicas of ${name} did not come to what was awaited`);
  }

  get #url(): string {
    return this.#cluster.peers[0]?.url ?? '';
  }

  async #send(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
}

interface ClusterAnswer {
  readonly peer_id: number;
  readonly local_shards: readonly { readonly state: string }[];
  readonly remote_shards: readonly { readonly peer_id: number; readonly state: string }[];
}

/** Of the busiest peer and the busiest server, over a while in which nobody asks anything. */
async function measureIdle(cluster: ProcessCluster) {
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

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
