// Replicas that lost what they held while the metadata calls them Active, on real folders: what a peer says of its own
// when it comes up again, as the events have it. One that never held anything is not taken for one that lost it.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import type { ReplicaStateChange } from '@tributary/metadata';
import { sequence } from '@tributary/model';
import { connectNats, JetStreamMetadataLog } from '@tributary/nats';
import { silentLogger, systemClock } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { vectorOf } from './history.ts';
import { hashesOf, replicasOn, storesOf } from './replica-hashes.ts';

const POINTS = 2_000;
const LATER = 50;
/** None is declared Dead for being away. */
const DEAD_AFTER_SEC = 120;
const READS_EVERY_MS = 5;
const NONE = sequence(0);

let folder: string;
let cluster: ProcessCluster;
let other: PeerProcess;
let wiped: PeerProcess;
let watching: Promise<void>;
const changes: ReplicaStateChange[] = [];
const watched = new AbortController();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-wiped-'));
  const config = join(folder, 'config.yaml');
  writeFileSync(config, `cluster:\n  dead_after_sec: ${DEAD_AFTER_SEC}\n`);
  const peerFlags = ['--config-path', config];
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 2, peerFlags });
  const [first, second] = cluster.peers;
  assert.ok(first !== undefined && second !== undefined);
  [other, wiped] = [first, second];
  watching = watch(watched.signal);
});

after(async () => {
  watched.abort();
  await watching.catch(() => {});
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

const WAYS: readonly (readonly [string, (store: string) => void])[] = [
  ['its folder', (store) => rmSync(store, { recursive: true })],
  [
    'every file of it',
    (store) => {
      for (const file of readdirSync(store)) rmSync(join(store, file));
    },
  ],
];

for (const [what, wipe] of WAYS) {
  test(`a replica that lost ${what} is in Recovery until it holds again what it held`, async () => {
    const name = `lost ${what}`;
    await create(name);
    await write(name, 0, POINTS);
    const store = storeAt(wiped);
    const held = await hashesOf(replicasOn(other));
    const { changes, counts } = await away(name, () => wipe(store));
    assert.deepEqual(changes, ['Active to Recovery', 'Recovery to Active']);
    // From the other replica, as long as it takes.
    assert.deepEqual([...counts], [POINTS]);
    assert.deepEqual(await hashesOf(replicasOn(wiped)), held);
    await remove(name);
  });
}

test('a replica that never held anything stays Active, and has no files', async () => {
  const name = 'never written to';
  await create(name);
  const { changes, counts } = await away(name, () => {});
  assert.deepEqual(changes, []);
  assert.deepEqual([...counts], [0]);
  assert.deepEqual(readdirSync(storeAt(wiped)), []);
  await write(name, 0, LATER);
  assert.deepEqual(await hashesOf(replicasOn(wiped)), await hashesOf(replicasOn(other)));
  await remove(name);
});

test('one that is first written to while it is away is filled before it is Active', async () => {
  const name = 'written to meanwhile';
  await create(name);
  const { changes, counts } = await away(name, () => write(name, 0, LATER));
  assert.deepEqual(changes, ['Active to Recovery', 'Recovery to Active']);
  assert.deepEqual([...counts], [LATER]);
  assert.deepEqual(await hashesOf(replicasOn(wiped)), await hashesOf(replicasOn(other)));
  await remove(name);
});

/**
 * Kills the peer, does something and starts it again: what became of the states of its replicas until all are Active,
 * and what it counted as soon as it answered.
 */
async function away(name: string, meanwhile: () => void | Promise<void>) {
  const peerId = await idOf(wiped);
  const known = changes.length;
  wiped.kill();
  await wiped.ended;
  await meanwhile();
  const counts = new Set<number>();
  const stop = new AbortController();
  const counting = countUntil(name, counts, stop.signal);
  await wiped.start();
  await allActive(name);
  // What is said of it soon after it has answered.
  await sleep(1_000);
  await allActive(name);
  stop.abort();
  await counting;
  const its = changes.slice(known).filter(({ peer }) => peer === peerId);
  return { changes: its.map(({ from, to }) => `${from} to ${to}`), counts };
}

/** Notes what becomes of the states of replicas, until the signal aborts. */
async function watch(signal: AbortSignal): Promise<void> {
  const options = { urls: cluster.natsUrls, name: 'wiped-replica-test', clock: systemClock };
  const connection = await connectNats({ ...options, logger: silentLogger });
  try {
    for await (const { event } of new JetStreamMetadataLog(connection).follow(NONE, signal)) {
      if (event.kind === 'replicaStatesChanged') changes.push(...event.changes);
    }
  } finally {
    await connection.close();
  }
}

async function countUntil(name: string, counts: Set<number>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await ask(wiped, 'POST', `${pathOf(name)}/points/count`, {}).catch(() => null);
    if (answer?.status === 200) counts.add(answer.result.count);
    await sleep(READS_EVERY_MS);
  }
}

async function create(name: string): Promise<void> {
  const vectors = { size: 16, distance: 'Euclid' };
  const shards = { shard_number: 1, replication_factor: 2, write_consistency_factor: 1 };
  const made = await ask(other, 'PUT', pathOf(name), { vectors, ...shards });
  assert.equal(made.status, 200, JSON.stringify(made));
  await allActive(name);
}

async function allActive(name: string): Promise<void> {
  const isActive = (state: string) => state === 'Active';
  await until('every replica is Active', async () => (await statesAt(other, name)).every(isActive));
}

async function remove(name: string): Promise<void> {
  assert.equal((await ask(other, 'DELETE', pathOf(name))).status, 200);
  await until('its stores are gone', async () => [other, wiped].every(hasNoStores));
}

function hasNoStores(peer: PeerProcess): boolean {
  return storesOf(peer).length === 0;
}

async function write(name: string, from: number, to: number): Promise<void> {
  const points = Array.from({ length: to - from }, (_, i) => {
    return { id: from + i, vector: vectorOf(from + i), payload: { n: i } };
  });
  const written = await ask(other, 'PUT', `${pathOf(name)}/points?wait=true`, { points });
  assert.equal(written.status, 200, JSON.stringify(written));
}

/** There is one collection at a time, of one shard. */
function storeAt(peer: PeerProcess): string {
  const [store] = storesOf(peer);
  assert.ok(store !== undefined);
  return join(peer.folder, 'replicas', store);
}

async function statesAt(peer: PeerProcess, name: string): Promise<string[]> {
  const { result } = await ask(peer, 'GET', `${pathOf(name)}/cluster`);
  const replicas: { state: string }[] = [...result.local_shards, ...result.remote_shards];
  return replicas.map(({ state }) => state);
}

async function idOf(peer: PeerProcess): Promise<number> {
  return (await ask(peer, 'GET', '/cluster')).result.peer_id;
}

function pathOf(name: string): string {
  return `/collections/${encodeURIComponent(name)}`;
}

async function ask(peer: PeerProcess, method: string, path: string, body?: object) {
  const response = await fetch(`${peer.url}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(60_000),
  });
  const { result } = JSON.parse(await response.text());
  return { status: response.status, result };
}
