// What the benchmarks of a cluster ask of it over REST.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessCluster } from '@tributary/infra';

export interface PlacedReplica {
  readonly peer: number;
  readonly state: string;
}

export interface CollectionSettings {
  readonly shards: number;
  readonly replicas: number;
  readonly size?: number;
}

const WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 20;
/** Stores are dropped meanwhile. */
const AFTER_REMOVAL_MS = 3_000;

export class ClusterClient {
  readonly #cluster: ProcessCluster;

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster;
  }

  /** Resolves once every replica is Active. */
  async create(name: string, { shards, replicas, size = 128 }: CollectionSettings): Promise<void> {
    await this.send('PUT', `/collections/${name}?timeout=120`, {
      vectors: { size, distance: 'Cosine' },
      shard_number: shards,
      replication_factor: replicas,
    });
    await this.until(name, this.url(0), allActive);
  }

  async remove(name: string): Promise<void> {
    await this.send('DELETE', `/collections/${name}?timeout=120`);
    await sleep(AFTER_REMOVAL_MS);
  }

  /** The peer's id, and every replica as it knows them. */
  async cluster(name: string, url: string): Promise<{ peer: number; replicas: PlacedReplica[] }> {
    const answer = await fetch(`${url}/collections/${name}/cluster`);
    const { result } = (await answer.json()) as { result: ClusterAnswer };
    const { peer_id: peer, local_shards: local, remote_shards: remote } = result;
    const replicas = [
      ...local.map(({ state }) => ({ peer, state })),
      ...remote.map((each) => ({ peer: each.peer_id, state: each.state })),
    ];
    return { peer, replicas };
  }

  async until(
    name: string,
    url: string,
    isSo: (replicas: readonly PlacedReplica[]) => boolean,
  ): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    while (performance.now() < deadline) {
      if (isSo((await this.cluster(name, url)).replicas)) return;
      await sleep(LOOK_EVERY_MS);
    }
    throw new Error(`the replicas of ${name} did not come to what was awaited`);
  }

  /** Points with random vectors, acknowledged and applied. */
  async write(name: string, points: readonly BenchPoint[], peer = 0): Promise<void> {
    await this.send('PUT', `/collections/${name}/points?wait=true`, { points }, peer);
  }

  url(peer: number): string {
    return this.#cluster.peers[peer]?.url ?? '';
  }

  async send(method: string, path: string, body?: unknown, peer = 0): Promise<void> {
    const answer = await fetch(`${this.url(peer)}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  }
}

export interface BenchPoint {
  readonly id: number;
  readonly vector: readonly number[];
  readonly payload: Readonly<Record<string, unknown>>;
}

interface ClusterAnswer {
  readonly peer_id: number;
  readonly local_shards: readonly { readonly state: string }[];
  readonly remote_shards: readonly { readonly peer_id: number; readonly state: string }[];
}

export function allActive(replicas: readonly PlacedReplica[]): boolean {
  return replicas.every(({ state }) => state === 'Active');
}
