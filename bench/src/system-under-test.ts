// One nats-server and one peer as processes of their own, with what they use of the machine.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { DatabaseClient } from './database-client.ts';
import { cpuMs, residentBytes } from './process-usage.ts';

export interface Usage {
  readonly peerCpuMs: number;
  readonly natsCpuMs: number;
}

export class SystemUnderTest implements AsyncDisposable {
  readonly #cluster: ProcessCluster;
  readonly #folder: string;
  readonly peer: PeerProcess;

  private constructor(cluster: ProcessCluster, folder: string, peer: PeerProcess) {
    this.#cluster = cluster;
    this.#folder = folder;
    this.peer = peer;
  }

  static async start(): Promise<SystemUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
    const cluster = await ProcessCluster.start({
      folder,
      servers: 1,
      peers: 1,
      peerFlags: ['--workers', '1', '--log-level', 'warn'],
    });
    const [peer] = cluster.peers;
    if (peer === undefined) throw new Error('a cluster has a peer');
    return new SystemUnderTest(cluster, folder, peer);
  }

  connect(): DatabaseClient {
    return new DatabaseClient(this.peer);
  }

  usage(): Usage {
    const [natsPid = 0] = this.#cluster.serverPids;
    return { peerCpuMs: cpuMs(this.peer.pid ?? 0), natsCpuMs: cpuMs(natsPid) };
  }

  residentBytes(): number {
    return residentBytes(this.peer.pid ?? 0);
  }

  /** Kills the peer; with `empty` its replicas and indexes are gone too, so that it must replay the stream. */
  async killPeer(options: { empty: boolean }): Promise<void> {
    this.peer.kill();
    await this.peer.ended;
    if (!options.empty) return;
    for (const part of ['replicas', 'indexes']) {
      rmSync(join(this.peer.folder, part), { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]();
    removeFolder(this.#folder);
  }
}

/** What was used between two readings. */
export function usedSince(before: Usage, after: Usage): Usage {
  return {
    peerCpuMs: after.peerCpuMs - before.peerCpuMs,
    natsCpuMs: after.natsCpuMs - before.natsCpuMs,
  };
}

export interface CollectionState {
  readonly points: number;
  readonly indexed: number;
  readonly status: string;
}

export async function collectionState(
  client: DatabaseClient,
  collection: string,
): Promise<CollectionState> {
  const info = Object(await client.json('GET', `/collections/${collection}`));
  return {
    points: Number(info.points_count),
    indexed: Number(info.indexed_vectors_count),
    status: String(info.status),
  };
}

/** Resolves when all points are there and every graph is built. */
export async function settled(
  client: DatabaseClient,
  collection: string,
  points: number,
): Promise<CollectionState> {
  for (;;) {
    const state = await collectionState(client, collection);
    if (state.points === points && state.status === 'green') return state;
    await sleep(25);
  }
}
