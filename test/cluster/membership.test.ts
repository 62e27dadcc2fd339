// Peers that come and go: what the others and clients are told, and how one that was removed behaves.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { type MetadataEvent, MetadataReplica } from '@tributary/metadata';
import { peerId } from '@tributary/model';
import { connectNats, JetStreamMetadataLog } from '@tributary/nats';
import { silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';

let folder: string;
let cluster: ProcessCluster;
let first: PeerProcess;
let second: PeerProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-membership-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 2 });
  const [one, two] = cluster.peers;
  assert.ok(one !== undefined && two !== undefined);
  [first, second] = [one, two];
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('a peer that was removed stops serving, gives back the lease, and comes back with a new folder only', async () => {
  assert.deepEqual(await statesAt(first), ['normal', 'normal']);
  const { peers, raft_info: raft } = await clusterAt(first);
  // The one that leads, so that the lease is seen to change hands.
  const leader = raft.leader === (await clusterAt(first)).peer_id ? first : second;
  const other = leader === first ? second : first;
  const id = (await clusterAt(leader)).peer_id;
  assert.ok(String(id) in peers);
  await propose({ kind: 'peerStateChanged', peer: peerId(id), from: 'normal', to: 'draining' });
  await until('it is shown as draining', async () => (await statesAt(other)).includes('draining'));
  assert.equal(await create(other, 'while-draining'), 200);
  const placed = await ask(other, '/collections/while-draining/cluster');
  assert.equal(placed.result.shard_count, 1);
  assert.equal(placed.result.local_shards.length, 1);

  await propose({ kind: 'peerRemoved', peer: peerId(id) });
  await until('it is not ready', async () => (await fetch(`${leader.url}/readyz`)).status === 503);
  const refused = await fetch(`${leader.url}/collections`);
  assert.equal(refused.status, 503);
  const { status } = JSON.parse(await refused.text());
  assert.match(status.error, /was removed from the cluster.*another peer/);
  await until('another leads', async () => {
    const status = await clusterAt(other);
    return status.raft_info.leader === status.peer_id;
  });
  assert.deepEqual(await statesAt(other), ['normal']);

  await leader.stop();
  await assert.rejects(leader.start(), /did not become ready/);
  const said = new RegExp(`peer ${id} was removed .*new data folder in place of ${leader.folder}`);
  assert.match(readFileSync(leader.logFile, 'utf8'), said);
  rmSync(leader.folder, { recursive: true });
  await leader.start();
  assert.deepEqual(await statesAt(other), ['normal', 'normal']);
  assert.notEqual((await clusterAt(leader)).peer_id, id);
});

async function propose(event: MetadataEvent): Promise<void> {
  const stop = new AbortController();
  const around = { clock: systemClock, random: systemRandom, logger: silentLogger };
  await using connection = await connectNats({ urls: cluster.natsUrls, name: 'test', ...around });
  const log = new JetStreamMetadataLog(connection);
  const metadata = new MetadataReplica({ log, ...around });
  const running = metadata.run(stop.signal);
  await metadata.sync(stop.signal);
  await metadata.propose(() => event, stop.signal);
  stop.abort();
  await running;
}

async function statesAt(peer: PeerProcess): Promise<string[]> {
  const { peers } = await clusterAt(peer);
  return Object.values<{ state: string }>(peers).map(({ state }) => state);
}

async function clusterAt(peer: PeerProcess) {
  return (await ask(peer, '/cluster')).result;
}

async function ask(peer: PeerProcess, path: string) {
  const answer = await fetch(`${peer.url}${path}`);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

async function create(peer: PeerProcess, name: string): Promise<number> {
  const answer = await fetch(`${peer.url}/collections/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ vectors: { size: 4, distance: 'Dot' }, replication_factor: 2 }),
  });
  await answer.body?.cancel();
  return answer.status;
}
