// What an operator sees of a real peer: metrics of the process and of NATS, also while that is away; a slow query in
// the log with what would help; a graph that cannot be built, told and mended.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { endOfLog, linesSince } from './peer-log.ts';
import { storesOf } from './replica-hashes.ts';

const SIZE = 64;
/** More than the tail holds before a graph is built. */
const POINTS = 20_000;
const POINTS_A_REQUEST = 1_000;
const SEEN_WITHIN_MS = 120_000;

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-watching-'));
  const config = join(folder, 'config.yaml');
  writeFileSync(config, 'service:\n  slow_query_secs: 0.000001\n  metrics_prefix: own_\n');
  cluster = await ProcessCluster.start({
    folder,
    servers: 1,
    peers: 1,
    areLinksSeverable: true,
    peerFlags: ['--config-path', config],
  });
  const [first] = cluster.peers;
  assert.ok(first !== undefined);
  peer = first;
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

async function send(method: string, path: string, body?: object) {
  const answer = await fetch(`${peer.url}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${method} ${path}: ${text.slice(0, 500)}`);
  return JSON.parse(text).result;
}

/** The value of each series, by its name and labels as they are written. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${peer.url}/metrics`);
  assert.equal(answer.status, 200);
  const lines = (await answer.text()).split('\n').filter((line) => /^[^#]/.test(line));
  return new Map(
    lines.map((line) => {
      const [, series = '', value = ''] = line.match(/^own_(.+) (\S+)$/) ?? [];
      assert.notEqual(series, '', line);
      return [series, Number(value)];
    }),
  );
}

/** The first outcome that is as wanted. */
async function seen<T>(look: () => Promise<T>, isWanted: (found: T) => boolean): Promise<T> {
  const deadlineMs = Date.now() + SEEN_WITHIN_MS;
  for (;;) {
    const found = await look();
    if (isWanted(found)) return found;
    assert.ok(Date.now() < deadlineMs, `not seen: ${JSON.stringify(found)?.slice(0, 1_000)}`);
    await sleep(100);
  }
}

function create(name: string): Promise<unknown> {
  return send('PUT', `/collections/${name}`, {
    vectors: { size: SIZE, distance: 'Dot' },
    optimizers_config: { indexing_threshold: 1 },
  });
}

async function fill(name: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += POINTS_A_REQUEST) {
    const points = Array.from({ length: Math.min(POINTS_A_REQUEST, count - first) }, (_, i) => {
      const id = first + i;
      const vector = Array.from({ length: SIZE }, (__, at) => Math.sin(id * (at + 1)));
      return { id, vector, payload: { colour: `colour ${id % 4}` } };
    });
    await send('PUT', `/collections/${name}/points?wait=true`, { points });
  }
}

test('a slow query stands in the log with its plan and the index that would help', async () => {
  await create('plain');
  await fill('plain', 400);
  const position = endOfLog(peer);
  const filter = { must: [{ key: 'colour', match: { value: 'colour 1' } }] };
  const query = Array.from({ length: SIZE }, () => 0.125);
  await send('POST', '/collections/plain/points/query', { query, limit: 5, filter });
  const told = async () =>
    linesSince(peer, position).find(({ operation, plan }) => {
      return operation === 'query' && Array.isArray(plan) && plan.length > 1;
    });
  const line = await seen(told, (found) => found !== undefined);
  assert.equal(line?.msg, 'a request was slow');
  assert.ok(Array.isArray(line.plan));
  const plan = line.plan.join('\n');
  assert.match(plan, /^search 1 query: [\d.]+ ms, found 5; shard 0 at peer \d+/);
  assert.match(plan, /^ {2}query: nearest limit 5 ef 100: exact scan/m);
  assert.match(
    plan,
    /filter by every payload: expected 200 \(0 to 400\), matched 100, 400 looked at, evaluated in/,
  );
  assert.match(plan, /colour has no index: one of type keyword would answer match/);
  assert.doesNotMatch(JSON.stringify(line), /0\.125/);
  const unindexed = (found: { issues: { id: string }[] }) =>
    found.issues.some(({ id }) => id === 'UNINDEXED_FIELD/plain/colour');
  assert.ok(unindexed(await send('GET', '/issues')));
  const index = { field_name: 'colour', field_schema: 'keyword' };
  await send('PUT', '/collections/plain/index?wait=true', index);
  await seen(
    () => send('GET', '/issues'),
    (found) => !unindexed(found),
  );
});

test('metrics tell of the process, of NATS and of replicas, and are told while NATS is away', async () => {
  const before = await scrape();
  for (const name of ['process_threads', 'process_open_fds', 'process_max_fds']) {
    assert.ok((before.get(name) ?? 0) > 0, name);
  }
  assert.ok((before.get('process_open_mmaps') ?? 0) > 0);
  assert.equal(before.get('tributary_nats_connected'), 1);
  assert.equal(before.get('cluster_working_state'), 1);
  assert.equal(before.get('collection_points{id="plain"}'), 400);
  assert.ok((before.get('tributary_append_duration_seconds_count') ?? 0) > 0);
  const disk = await seen(scrape, (found) =>
    found.has('tributary_disk_used_bytes{part="replicas"}'),
  );
  assert.ok((disk.get('tributary_disk_used_bytes{part="replicas"}') ?? 0) > 0);
  assert.ok((disk.get('tributary_disk_free_bytes') ?? 0) > 0);
  cluster.freezeNats(0);
  try {
    const away = await seen(scrape, (found) => found.get('tributary_nats_connected') === 0);
    await seen(scrape, (found) => (found.get('tributary_cut_off_seconds') ?? 0) > 0);
    assert.equal(away.get('collection_points{id="plain"}'), 400);
    assert.equal(away.get('cluster_working_state'), 0);
  } finally {
    cluster.healNats(0);
  }
  const back = await seen(scrape, (found) => found.get('cluster_working_state') === 1);
  assert.equal(back.get('tributary_nats_connected'), 1);
  assert.ok((back.get('tributary_nats_connections_total') ?? 0) >= 2);
});

test('a graph that cannot be built makes its collection red, and green once it is mended', async () => {
  const others = storesOf(peer);
  await create('broken');
  const store = storesOf(peer).find((name) => !others.includes(name));
  assert.ok(store !== undefined);
  const graphs = join(peer.folder, 'indexes', store, 'v');
  rmSync(graphs, { recursive: true });
  writeFileSync(graphs, 'in the way');
  await fill('broken', POINTS);
  const info = () => send('GET', '/collections/broken');
  const red = await seen(info, ({ status }) => status === 'red');
  assert.match(red.optimizer_status.error, /.+/);
  assert.equal((await scrape()).get('tributary_collection_failed_builds{id="broken"}'), 1);
  rmSync(graphs);
  mkdirSync(graphs);
  const green = await seen(info, ({ status, indexed_vectors_count }) => {
    return status === 'green' && indexed_vectors_count > 0;
  });
  assert.equal(green.optimizer_status, 'ok');
  assert.equal((await scrape()).get('tributary_collection_failed_builds{id="broken"}'), 0);
});
