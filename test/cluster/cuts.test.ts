// Replicas of real peers are compared at cuts while they are written to: equal at every one of them, and where one
// holds something else than the others, an alarm says which, and between which cuts it parted.

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import type { PointId } from '@tributary/model';
import { createRocksReplicaStores } from '@tributary/rocks';
import { silentLogger } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import type { Cut } from '@tributary/storage';
import { vectorOf } from './history.ts';
import { storesOf } from './replica-hashes.ts';

const PEERS = 3;
const SHARDS = 2;
/** A cut a second; a busy machine may manage fewer. */
const WRITTEN_FOR_MS = 12_000;
const CUTS_MIN = 4;

let folder: string;
let cluster: ProcessCluster;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-cuts-'));
  const config = join(folder, 'config.yaml');
  writeFileSync(config, 'cluster:\n  cut_interval_sec: 1\n');
  cluster = await ProcessCluster.start({
    folder,
    servers: 1,
    peers: PEERS,
    peerFlags: ['--config-path', config],
  });
  await ask(0, 'PUT', '', {
    vectors: { size: 16, distance: 'Dot' },
    shard_number: SHARDS,
    replication_factor: PEERS,
  });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('replicas that commit as they come are equal at every cut under writes', async () => {
  const stop = new AbortController();
  const writing = [0, 1, 2].map((peer) => writeUntil(stop.signal, peer));
  await sleep(WRITTEN_FOR_MS);
  stop.abort();
  await Promise.all(writing);
  assert.deepEqual(await issuesAt(0), []);
  for (const peer of cluster.peers) peer.kill();
  await Promise.all(cluster.peers.map(({ ended }) => ended));
  const kept = await Promise.all(cluster.peers.map(cutsOf));
  const [first] = kept;
  assert.ok(first !== undefined && first.size === SHARDS);
  for (const [store, cuts] of first) {
    assert.ok(cuts.length >= CUTS_MIN, `${cuts.length} cuts of ${store}`);
    const points = cuts.map(({ pointsCount }) => pointsCount);
    assert.ok((points.at(-1) ?? 0) > (points[0] ?? 0), `written between the cuts: ${points}`);
    for (const other of kept) assert.deepEqual(common(other.get(store)), common(cuts));
  }
  function common(cuts: readonly Cut[] | undefined) {
    // A killed peer may have missed the last ones.
    const lasts = kept.map((each) =>
      Math.min(...[...each.values()].map((all) => all.at(-1)?.sequence ?? 0)),
    );
    return cuts?.filter(({ sequence }) => sequence <= Math.min(...lasts));
  }
});

test('a replica that holds something else is an issue that names the point, a metric, and turns the collection red', async () => {
  const [, , strayed] = cluster.peers;
  assert.ok(strayed !== undefined);
  const altered = await alterOnePoint(strayed);
  for (const peer of cluster.peers) await peer.start();
  await ask(0, 'PUT', '/points?wait=true', { points: [{ id: 1, vector: vectorOf(1) }] });
  const isDiffering = ({ id }: { id: string }) => id.startsWith('REPLICAS_DIFFER/c/');
  await until('it is an issue', async () => (await issuesAt(0)).some(isDiffering));
  const issues = (await issuesAt(1)).filter(isDiffering);
  assert.equal(issues.length, 1);
  assert.match(issues[0]?.description ?? '', /differ at sequence \d+ \(peer \d+ .*peer \d+ /);
  const isNamed = ({ description }: { description: string }) =>
    new RegExp(`equal at \\d+\\): in point ${altered}$`).test(description);
  await until('the point is named', async () => (await issuesAt(1)).some(isNamed));
  const metrics = await (await fetch(`${cluster.peers[0]?.url}/metrics`)).text();
  assert.match(metrics, /^tributary_collection_differing_shards\{[^}]*"c"[^}]*\} 1$/m);
  const { result } = await ask(0, 'GET', '');
  assert.equal(result.status, 'red');
});

async function alterOnePoint(peer: PeerProcess): Promise<PointId> {
  const stores = createRocksReplicaStores({
    folder: join(peer.folder, 'replicas'),
    logger: silentLogger,
  });
  const [name] = storesOf(peer);
  assert.ok(name !== undefined);
  await using store = await stores.open(name);
  const [point] = store.scan();
  assert.ok(point !== undefined);
  const { appliedSequence, appliedCount } = store.state;
  const changed = { ...point, payload: Buffer.from('{"strayed":true}') };
  store.commit({ puts: [changed], deletes: [], appliedSequence, appliedCount });
  await store.flush();
  return point.id;
}

/** Cuts of each store of a peer that is down, by the store's name. */
async function cutsOf(peer: PeerProcess): Promise<ReadonlyMap<string, readonly Cut[]>> {
  const stores = createRocksReplicaStores({
    folder: join(peer.folder, 'replicas'),
    logger: silentLogger,
  });
  const cuts = new Map<string, readonly Cut[]>();
  for (const name of storesOf(peer)) {
    await using store = await stores.open(name);
    cuts.set(name, store.cuts);
  }
  return cuts;
}

async function writeUntil(signal: AbortSignal, peer: number): Promise<void> {
  for (let n = 0; !signal.aborted; n++) {
    const points = Array.from({ length: 5 }, (_, i) => {
      const id = 100_000 * (peer + 1) + 5 * n + i;
      return { id, vector: vectorOf(id), payload: { n, kind: id % 3 } };
    });
    await ask(peer, 'PUT', '/points?wait=true', { points });
    const filter = { must: [{ key: 'kind', match: { value: n % 3 } }] };
    if (n % 10 === 0) await ask(peer, 'POST', '/points/payload', { payload: { seen: n }, filter });
  }
}

async function issuesAt(peer: number): Promise<{ id: string; description: string }[]> {
  const answer = await fetch(`${cluster.peers[peer]?.url}/issues`);
  const { result } = (await answer.json()) as {
    result: { issues: { id: string; description: string }[] };
  };
  return result.issues;
}

async function ask(
  peer: number,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ result: { status: string } }> {
  const answer = await fetch(`${cluster.peers[peer]?.url}/collections/c${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}
