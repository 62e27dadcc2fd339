// A peer that has lost NATS, and only it: what its clients get is old by now, and it says so; the others go on without
// it.

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { until } from '@tributary/runtime/testing';
import { vectorOf } from './history.ts';

const HEADER = 'x-tributary-cut-off-sec';
const DEAD_AFTER_SEC = 3;

let folder: string;
let cluster: ProcessCluster;
let victim: PeerProcess;
let other: PeerProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-cut-off-'));
  const config = join(folder, 'config.yaml');
  writeFileSync(config, `cluster:\n  dead_after_sec: ${DEAD_AFTER_SEC}\n`);
  cluster = await ProcessCluster.start({
    folder,
    servers: 1,
    peers: 2,
    areLinksSeverable: true,
    peerFlags: ['--config-path', config],
  });
  const [first, second] = cluster.peers;
  assert.ok(first !== undefined && second !== undefined);
  [victim, other] = [first, second];
  const made = await ask(other, 'PUT', '', {
    vectors: { size: 16, distance: 'Dot' },
    shard_number: 2,
    replication_factor: 2,
  });
  assert.equal(made.status, 200, made.text);
  await write(1);
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

for (const [how, begin] of [
  ['cut off from NATS', () => cluster.cutFromNats(0)],
  ['in silence from NATS', () => cluster.freezeNats(0)],
] as const) {
  test(`a peer ${how} goes on answering reads, says for how long, and is not ready`, async () => {
    const count = await countAt(victim);
    assert.equal(count.header, null);
    begin();
    await until('it is not ready', async () => (await readyAt(victim)) === 503);
    await write(count.count + 1);
    const old = await countAt(victim);
    assert.equal(old.count, count.count, 'it answers with what it has');
    assert.ok(Number(old.header) >= DEAD_AFTER_SEC, `cut off for ${old.header} s`);
    const fresh = await countAt(other);
    assert.deepEqual(fresh, { count: count.count + 1, header: null });
    assert.equal(await readyAt(other), 200);
    await until('its replicas are Dead', async () => (await statesAt(other)).has('Dead'));
    cluster.healNats(0);
    await until('it is ready', async () => (await readyAt(victim)) === 200);
    await until('it has what it missed', async () => {
      // Its own replicas are Dead yet, and the other peer counts as silent until its next report is read.
      const { status, text } = await ask(victim, 'POST', '/points/count', {});
      return status === 200 && JSON.parse(text).result.count === fresh.count;
    });
    assert.equal((await countAt(victim)).header, null);
    await until('its replicas are Active', async () => !(await statesAt(other)).has('Dead'));
  });
}

async function write(id: number): Promise<void> {
  const points = [{ id, vector: vectorOf(id) }];
  const answer = await ask(other, 'PUT', '/points?wait=true', { points });
  assert.equal(answer.status, 200, answer.text);
}

async function countAt(peer: PeerProcess) {
  const answer = await ask(peer, 'POST', '/points/count', {});
  assert.equal(answer.status, 200, answer.text);
  return { count: JSON.parse(answer.text).result.count, header: answer.headers.get(HEADER) };
}

async function statesAt(peer: PeerProcess): Promise<ReadonlySet<string>> {
  const answer = await ask(peer, 'GET', '/cluster');
  const { local_shards: local, remote_shards: remote } = JSON.parse(answer.text).result;
  return new Set([...local, ...remote].map(({ state }: { state: string }) => state));
}

async function readyAt(peer: PeerProcess): Promise<number> {
  return (await fetch(`${peer.url}/readyz`)).status;
}

async function ask(peer: PeerProcess, method: string, path: string, body?: object) {
  const response = await fetch(`${peer.url}/collections/c${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(90_000),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
