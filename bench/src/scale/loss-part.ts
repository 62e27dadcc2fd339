// Many replicas are made at once; then the peer of a third of them is stopped, and goes on.

import type { ProcessCluster } from '@tributary/infra';
import { allActive, type ClusterClient, type PlacedReplica } from './cluster-client.ts';
import type { PartContext } from './part-context.ts';
import { timed } from './timed.ts';

export interface LossResult {
  /** 256 shards × 2 replicas, until every one is Active. */
  readonly createdMs: number;
  /**
   * From the stop of a peer until no replica of it is Active any more, beside those that are the last of their shard.
   */
  readonly deadMs: number;
  /** From its going on until every replica is Active again. */
  readonly activeAgainMs: number;
}

const SHARDS = 256;

export async function runLoss({ cluster, client }: PartContext): Promise<LossResult> {
  const settings = { shards: SHARDS, replicas: 2 };
  const createdMs = await timed(() => client.create('many', settings));
  return { createdMs, ...(await loseAndFind(cluster, client)) };
}

async function loseAndFind(cluster: ProcessCluster, client: ClusterClient) {
  const [first, , last] = cluster.peers;
  if (first === undefined || last === undefined) throw new Error('a cluster has peers');
  const { peer: lost } = await client.cluster('many', last.url);
  const isGone = (replicas: readonly PlacedReplica[]) =>
    replicas.every(({ peer, state }) => peer !== lost || state !== 'Active');
  last.pause();
  const deadMs = await timed(() => client.until('many', first.url, isGone));
  last.resume();
  const activeAgainMs = await timed(() => client.until('many', first.url, allActive));
  return { deadMs, activeAgainMs };
}
