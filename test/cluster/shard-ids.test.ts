// A collection on real peers whose shards have ids that are not their positions, as they will be after splits and
// moves: its entries, stores and reads go by the ids, and a peer that is killed finds its shards again.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { MetadataReplica } from '@tributary/metadata';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  shardId,
} from '@tributary/model';
import { connectNats, JetStreamMetadataLog, JetStreamWriteStreams } from '@tributary/nats';
import { silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { converged } from './convergence.ts';
import { storesOf } from './replica-hashes.ts';

const IDS = [3, 7, 9].map(shardId);
const PEERS = 2;
const WITHIN_MS = 60_000;
const ID = collectionId('seldom');
const CONFIG: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 2, distance: 'Dot' } },
  shardNumber: IDS.length,
  replicationFactor: PEERS,
};

let folder: string;
let cluster: ProcessCluster;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-shard-ids-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: PEERS });
  await createCollection(cluster.natsUrls);
  await active();
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

/** What a gateway does, with ids of its own choice. */
async function createCollection(urls: readonly string[]): Promise<void> {
  const surroundings = { logger: silentLogger, clock: systemClock };
  await using connection = await connectNats({ urls, name: 'test', ...surroundings });
  await new JetStreamWriteStreams({ connection, replicas: 1 }).create(ID);
  const log = new JetStreamMetadataLog(connection);
  const metadata = new MetadataReplica({ log, random: systemRandom, ...surroundings });
  const stop = new AbortController();
  const running = metadata.run(stop.signal);
  const soon = AbortSignal.timeout(WITHIN_MS);
  try {
    await metadata.sync(soon);
    await metadata.propose(({ peers }) => {
      const shards = IDS.map((id) => ({ id, peers: [...peers.keys()] }));
      return { kind: 'collectionCreated', id: ID, name: 'c', config: CONFIG, shards };
    }, soon);
  } finally {
    stop.abort();
    await running;
  }
}

function active() {
  const replicas = IDS.length * PEERS;
  return converged({ cluster, collection: 'c', replicas, withinMs: WITHIN_MS });
}

async function ask(peer: PeerProcess, method: string, path: string, body?: object) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${peer.url}/collections/c${path}`, { method, headers, ...init });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text).result;
}

async function write(peer: PeerProcess, from: number, count: number): Promise<void> {
  const points = Array.from({ length: count }, (_, i) => ({ id: from + i, vector: [from + i, 1] }));
  const { status } = await ask(peer, 'PUT', '/points?wait=true', { points });
  assert.equal(status, 'completed');
}

async function checkAll(peer: PeerProcess, count: number): Promise<void> {
  const { points } = await ask(peer, 'POST', '/points/query', { query: [1, 0], limit: count + 1 });
  assert.deepEqual(
    points.map(({ id }: { id: number }) => id),
    Array.from({ length: count }, (_, i) => count - 1 - i),
  );
  const ids = Array.from({ length: count }, (_, id) => id);
  assert.equal((await ask(peer, 'POST', '/points', { ids })).length, count);
}

test('points are written to the shards with these ids, and found at every peer', async () => {
  const [one, two] = cluster.peers;
  assert.ok(one && two);
  await write(one, 0, 100);
  for (const peer of [one, two]) {
    await checkAll(peer, 100);
    const folders = IDS.map((id) => `${id}-${ID}`);
    assert.deepEqual(storesOf(peer).sort(), folders.sort());
    const { local_shards: local, shard_count: shards } = await ask(peer, 'GET', '/cluster');
    assert.equal(shards, IDS.length);
    assert.deepEqual(
      local.map((each: { shard_id: number }) => each.shard_id),
      IDS,
    );
    for (const each of local) assert.ok(each.points_count > 0, JSON.stringify(each));
  }
});

test('a peer that was killed comes back to the same shards and catches up', async () => {
  const [one, two] = cluster.peers;
  assert.ok(one && two);
  two.kill();
  await two.ended;
  const points = Array.from({ length: 50 }, (_, i) => ({ id: 100 + i, vector: [100 + i, 1] }));
  await ask(one, 'PUT', '/points?wait=false', { points });
  await two.start();
  const places = await active();
  assert.deepEqual(
    places.filter(({ peer }) => peer === two).map(({ shard }) => shard),
    IDS,
  );
  await checkAll(two, 150);
});
