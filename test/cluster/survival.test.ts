// The cluster under writes and searches while its processes are killed and stopped, one scenario after the other on
// the same three nats-servers and three peers. After each: nothing acknowledged is missing on any replica, no deleted
// point is back, every replica of a shard has the same content at the same sequence, and searches went on.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { seededRandom } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { converged, subjectOf } from './convergence.ts';
import { History, vectorOf } from './history.ts';
import { pointsOf, type ReplicaPlace, verified } from './replica-view.ts';
import { Workload, type WorkloadReport } from './workload.ts';

const COLLECTION = 'survival';
const SHARDS = 4;
/** A search may stall until a silent peer is noticed (1.5 s); with one busy core that takes several times as long. */
const SEARCH_GAP_MAX_MS = 25_000;
/** JetStream elects a leader in 4 to 8 s; a retry and a busy machine come on top. */
const WRITE_GAP_MAX_MS = 60_000;
const CONVERGE_WITHIN_MS = 180_000;

const history = new History();
let folder: string;
let cluster: ProcessCluster;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-survival-'));
  cluster = await ProcessCluster.start({ folder, servers: 3, peers: 3 });
  await createCollection(COLLECTION, { shard_number: SHARDS, replication_factor: 2 });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('a peer killed with SIGKILL amid writes loses nothing', async () => {
  await survives(async () => {
    const victim = peerAt(0);
    victim.kill();
    await sleep(3_000);
    await victim.start();
  });
});

test('a peer stopped for 10 s is Dead meanwhile and catches up', async () => {
  await survives(async () => {
    const victim = peerAt(1);
    victim.pause();
    await sleep(10_000);
    victim.resume();
  });
});

for (const which of [0, 1, 2]) {
  test(`nats-server ${which + 1} killed with SIGKILL amid writes loses nothing`, async () => {
    await survives(async () => cluster.killServer(which));
  });
}

test('everything killed at once and started again loses nothing', async () => {
  await survives(() => cluster.killAndStartAll(), {
    searchGapMaxMs: 150_000,
    writeGapMaxMs: 150_000,
  });
});

test('a peer killed in the middle of a large request leaves all of it or nothing', async () => {
  const points = 6_000;
  const kill = async (afterMs: number) => {
    const name = `halves-${afterMs}`;
    await createCollection(name, { shard_number: 3, replication_factor: 3 });
    const victim = peerAt(0);
    const body = JSON.stringify({
      points: Array.from({ length: points }, (_, id) => ({ id, vector: vectorOf(id) })),
    });
    const writing = send(victim, 'PUT', `/collections/${name}/points?wait=true`, body);
    await sleep(afterMs);
    victim.kill();
    const status = await writing.catch(() => 'no answer');
    await victim.start();
    // Every peer holds every shard and asks its own replicas first.
    const counts = await settledCounts(name);
    assert.equal(new Set(counts).size, 1, `replicas differ: ${counts}`);
    assert.ok(counts[0] === 0 || counts[0] === points, `${counts[0]} of ${points} are there`);
    assert.ok(status !== 200 || counts[0] === points, 'acknowledged and not there');
    await send(peerAt(1), 'DELETE', `/collections/${name}`);
    return counts[0];
  };
  const outcomes: (number | undefined)[] = [];
  for (const afterMs of [40, 80, 120, 200]) outcomes.push(await kill(afterMs));
  console.log(JSON.stringify({ outcomes }));
});

test('a peer that was stopped does not answer with the past when it goes on', async () => {
  const name = 'fresh';
  await createCollection(name, { shard_number: 3, replication_factor: 3 });
  const stopped = peerAt(2);
  const path = `/collections/${name}/points`;
  const write = async (value: number) => {
    const points = Array.from({ length: 30 }, (_, id) => ({
      id,
      vector: vectorOf(id),
      payload: { value },
    }));
    const body = JSON.stringify({ points });
    assert.equal(await send(peerAt(0), 'PUT', `${path}?wait=true`, body), 200);
  };
  await write(1);
  for (const value of [2, 3]) {
    stopped.pause();
    await sleep(3_000);
    await write(value);
    // Sent while it stands still, these are the first things it finds when it goes on.
    const reading = Array.from({ length: 30 }, async (_, id) => {
      const response = await fetch(`${stopped.url}${path}/${id}`);
      return JSON.parse(await response.text()).result.payload.value;
    });
    await sleep(200);
    stopped.resume();
    assert.deepEqual(new Set(await Promise.all(reading)), new Set([value]));
  }
  // Nor does one that was killed, from the first answer it gives after its start, ready or not.
  stopped.kill();
  await stopped.ended;
  await write(4);
  const starting = stopped.start();
  const look = async () => {
    const response = await fetch(`${stopped.url}${path}/7`).catch(() => undefined);
    return response && JSON.parse(await response.text()).result?.payload?.value;
  };
  const first = until('it answers', look, 1);
  await Promise.all([starting, first]);
  assert.equal(await first, 4);
  await send(peerAt(1), 'DELETE', `/collections/${name}`);
});

test('a malformed entry in the stream is a dead letter once, and nothing stops', async () => {
  const [place] = await allAlike();
  assert.ok(place);
  const nats = await connect({ servers: cluster.natsUrls });
  try {
    const subject = subjectOf(place.collection, place.shard);
    const acknowledgement = await jetstream(nats).publish(subject, 'not an entry');
    const letter = `deadletter.${place.collection}.${acknowledgement.seq}`;
    await survives(async () => {});
    const manager = await jetstreamManager(nats);
    const { state } = await manager.streams.info('deadletter', { subjects_filter: letter });
    assert.deepEqual(state.subjects, { [letter]: 1 });
  } finally {
    await nats.close();
  }
});

test('a replica whose data folder is deleted comes back by replay alone', async () => {
  await survives(async () => {
    const victim = peerAt(2);
    victim.kill();
    await victim.ended;
    for (const part of ['replicas', 'indexes']) {
      rmSync(join(victim.folder, part), { recursive: true, force: true });
    }
    await victim.start();
  });
});

async function createCollection(name: string, sharding: object): Promise<void> {
  const body = JSON.stringify({ vectors: { size: 16, distance: 'Dot' }, ...sharding });
  assert.equal(await send(peerAt(1), 'PUT', `/collections/${name}`, body), 200);
}

/** The status of the answer. */
async function send(
  peer: PeerProcess,
  method: string,
  path: string,
  body?: string,
): Promise<number> {
  const response = await fetch(`${peer.url}${path}`, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(90_000),
  });
  await response.text();
  return response.status;
}

/** What each peer counts, once that has stood still for a second. */
async function settledCounts(name: string): Promise<number[]> {
  const countAt = async (peer: PeerProcess) => {
    const response = await fetch(`${peer.url}/collections/${name}/points/count`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    return Number(JSON.parse(await response.text()).result.count);
  };
  const deadline = performance.now() + CONVERGE_WITHIN_MS;
  let last: number[] = [];
  let sameSinceMs = performance.now();
  while (performance.now() < deadline && performance.now() - sameSinceMs < 1_000) {
    const counts = await Promise.all(cluster.peers.map(countAt));
    const isSame = counts.join() === last.join() && new Set(counts).size === 1;
    if (!isSame) sameSinceMs = performance.now();
    last = counts;
    await sleep(50);
  }
  return last;
}

function peerAt(index: number) {
  const peer = cluster.peers[index];
  assert.ok(peer);
  return peer;
}

/** Keeps the cluster busy before, during and after the fault, lets it converge, and holds it against the history. */
async function survives(
  fault: () => Promise<void>,
  limits: { searchGapMaxMs?: number; writeGapMaxMs?: number } = {},
): Promise<void> {
  const { searchGapMaxMs = SEARCH_GAP_MAX_MS, writeGapMaxMs = WRITE_GAP_MAX_MS } = limits;
  const workload = new Workload({
    urls: cluster.peers.map((peer) => peer.url),
    collection: COLLECTION,
    history,
    random: seededRandom(history.acknowledged + 1),
    writers: 4,
    keysPerWriter: 400,
    searchers: 3,
    gapMaxMs: Math.max(searchGapMaxMs, writeGapMaxMs),
  });
  let report: WorkloadReport;
  try {
    await sleep(1_500);
    await fault();
    await sleep(2_000);
  } finally {
    report = await workload.stop();
  }
  console.log(JSON.stringify({ ...report, keys: history.keys, unknown: history.unknown }));
  assert.ok(report.requests > report.failures, 'writes were acknowledged');
  assert.ok(report.searchGapMs < searchGapMaxMs, 'searches went on');
  assert.ok(report.writeGapMs < writeGapMaxMs, 'writes went on');
  const places = await allAlike();
  await judge(places);
}

function allAlike(): Promise<ReplicaPlace[]> {
  const replicas = 2 * SHARDS;
  return converged({ cluster, collection: COLLECTION, replicas, withinMs: CONVERGE_WITHIN_MS });
}

async function judge(places: readonly ReplicaPlace[]): Promise<void> {
  const copies = [new Map<number, ReplicaPlace>(), new Map<number, ReplicaPlace>()];
  for (const place of places) {
    const copy = copies.find((held) => !held.has(place.shard));
    copy?.set(place.shard, place);
    await verified(place);
  }
  for (const copy of copies) {
    const held = (await Promise.all([...copy.values()].map(pointsOf))).flat();
    assert.deepEqual(history.judge(held), { lost: [], resurrected: [], phantom: [] });
  }
}
