import assert from 'node:assert/strict';
import test from 'node:test';
import { QdrantClient } from '@qdrant/js-client-grpc';
import type { MetadataEvent } from '@tributary/metadata';
import { type MemberState, peerId } from '@tributary/model';
import { until } from '@tributary/runtime/testing';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

const FOREVER = new AbortController().signal;

async function propose(cluster: MemoryCluster, event: MetadataEvent): Promise<void> {
  await cluster.peer(0).metadata.propose(() => event, FOREVER);
  for (const { metadata } of cluster.peers) await metadata.sync(FOREVER);
}

async function change(cluster: MemoryCluster, index: number, from: MemberState, to: MemberState) {
  const { id: peer } = cluster.peer(index);
  await propose(cluster, { kind: 'peerStateChanged', peer, from, to });
}

async function create(cluster: MemoryCluster, name: string, body: object = {}): Promise<string> {
  const answer = await fetch(`${cluster.url(0)}/collections/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { status } = JSON.parse(await answer.text());
  return status.error ?? status;
}

function holders(cluster: MemoryCluster, name: string): number[] {
  const shards = cluster.peer(0).metadata.state.collections.get(name)?.shards ?? [];
  const peers = [...shards.values()].flatMap(({ replicas }) => [...replicas.keys()]);
  return [...new Set(peers)].sort((a, b) => a - b);
}

test('new collections go to normal peers alone, a shard for each', async () => {
  await using cluster = await startMemoryCluster({ peers: 3 });
  await change(cluster, 1, 'normal', 'draining');
  const late = { peer: peerId(99), uri: 'http://127.0.0.1:1', version: '1', featureLevel: 1 };
  await propose(cluster, { kind: 'peerJoined', ...late });
  assert.equal(await create(cluster, 'while', { replication_factor: 3 }), 'ok');
  assert.deepEqual(holders(cluster, 'while'), [cluster.peer(0).id, cluster.peer(2).id]);
  const collection = cluster.peer(0).metadata.state.collections.get('while');
  assert.equal(collection?.config.shardNumber, 2);
  await change(cluster, 1, 'draining', 'normal');
  assert.equal(await create(cluster, 'after', { replication_factor: 3 }), 'ok');
  assert.deepEqual(
    holders(cluster, 'after'),
    cluster.peers.map(({ id }) => id),
  );
});

async function drainBoth(cluster: MemoryCluster): Promise<void> {
  await change(cluster, 0, 'normal', 'draining');
  await change(cluster, 1, 'normal', 'draining');
}

test('where no peer takes replicas, creation is refused and says why', async () => {
  await using cluster = await startMemoryCluster({ peers: 2, config: { silentAfterMs: 300 } });
  await assert.rejects(drainBoth(cluster), /Peer 2 is the only normal peer of the cluster/);
  cluster.peer(1).isStopped = true;
  await until('the normal peer is silent', async () => {
    const metrics = await (await fetch(`${cluster.url(0)}/metrics`)).text();
    return /^tributary_peer_responsive\{peer="2"\} 0$/m.test(metrics);
  });
  const refusal = await create(cluster, 'none');
  assert.match(refusal, /no peer takes new replicas: each is .*drained, or silent/);
  assert.equal(cluster.peer(0).metadata.state.collections.size, 0);
});

test('a peer that was removed is not ready and refuses every request, over REST and gRPC', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  const grpc = new QdrantClient({
    host: '127.0.0.1',
    port: cluster.grpcPort(1),
    checkCompatibility: false,
  });
  const ready = async () => (await fetch(`${cluster.url(1)}/readyz`)).status;
  assert.equal(await ready(), 200);
  await propose(cluster, { kind: 'peerRemoved', peer: cluster.peer(1).id });
  assert.equal(await ready(), 503);
  for (const path of ['/collections', '/cluster', '/collections/c/points/1']) {
    const answer = await fetch(`${cluster.url(1)}${path}`);
    assert.equal(answer.status, 503, path);
    assert.match(JSON.parse(await answer.text()).status.error, /was removed/);
  }
  await assert.rejects(grpc.api('collections').list({}), /unavailable.*was removed/i);
  const alive = await fetch(`${cluster.url(1)}/livez`);
  assert.equal(alive.status, 200, 'there is nothing to restart it for');
  assert.equal((await fetch(`${cluster.url(0)}/readyz`)).status, 200);
});
