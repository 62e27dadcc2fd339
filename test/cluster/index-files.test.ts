// Damaged files of the index, on a real peer: each kind of file of a segment is damaged in each way while the peer is
// down. It notices, answers as before at once, and builds the graph again. One vector of the collection for each
// damage, and one that nothing happens to; all hold the same values, so brute force is worked out once.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { seededRandom } from '@tributary/runtime';
import { type Damage, damage } from './damaged-files.ts';
import { endOfLog, type LogLine, linesSince } from './peer-log.ts';

/** Enough for a graph at this dimension: a tail below about 11,300 is scanned. */
const POINTS = 11_500;
/**
 * A build may begin before the last points are applied; those stay in the tail. Above 8/9 of all, every one of the
 * nine vectors has its graph.
 */
const IN_GRAPHS_MIN = 0.97;
const DIMENSION = 64;
const CLUSTERS = 100;
const QUERIES = 50;
const OWN_VECTORS = 200;
const LIMIT = 10;
const BATCH = 500;
const BUILT_WITHIN_MS = 180_000;
/** A graph built again is another graph; its recall differs by chance. */
const RECALL_TOLERANCE = 0.02;

const FILES = ['graph', 'rows'] as const;
const DAMAGES: readonly Damage[] = ['flipped', 'truncated', 'deleted', 'zeroed'];
const DAMAGED = FILES.flatMap((file) =>
  DAMAGES.map((kind) => ({ name: `${file} ${kind}`, file, kind })),
);
const SOUND = 'sound';
const NAMES = [...DAMAGED.map(({ name }) => name), SOUND];

const random = seededRandom(11_500);
const centres = Array.from({ length: CLUSTERS }, () => vectorAround(undefined, 100));
const vectors = Array.from({ length: POINTS }, (_, i) => vectorAround(centres[i % CLUSTERS], 30));
const queries = Array.from({ length: QUERIES }, (_, i) => vectorAround(centres[i], 30));

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;
let recallBefore: ReadonlyMap<string, number>;
/** Where the log ended before the files were damaged. */
let position: number;
let lines: readonly LogLine[];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-index-files-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  const [first] = cluster.peers;
  assert.ok(first !== undefined);
  peer = first;
  const params = { size: DIMENSION, distance: 'Euclid' };
  await call('PUT', '', {
    vectors: Object.fromEntries(NAMES.map((name) => [name, params])),
    // One graph, once all are there.
    optimizers_config: { indexing_threshold: Math.floor((4 * POINTS * DIMENSION) / 1024) },
  });
  await fill();
  await built();
  recallBefore = await recalls();
  peer.kill();
  await peer.ended;
  position = endOfLog(peer);
  for (const { name, file, kind } of DAMAGED) damage(segmentFile(name, file), kind);
  await peer.start();
  lines = linesSince(peer, position);
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('answers are right at once after a restart with damaged files', async () => {
  const recallNow = await recalls();
  for (const name of NAMES) {
    const [now, then] = [recallNow.get(name) ?? 0, recallBefore.get(name) ?? 0];
    assert.ok(then > 0.9, `recall of ${name} before: ${then}`);
    assert.ok(now >= then, `recall of ${name}: ${now}, before ${then}`);
    await everyOwnVectorIsFirst(name);
  }
});

for (const { name, file, kind } of DAMAGED) {
  test(`a ${file} file ${kind} is noticed, and the log says which and why`, () => {
    const reasons = lines.map(({ reason }) => String(reason));
    const said = reasons.filter((reason) => reason.includes(`'${name}'`));
    assert.equal(said.length, 1, JSON.stringify(lines));
    assert.match(
      said[0] ?? '',
      /segment 1: .*(CRC|not what was written|no such file|no rows file)/,
    );
  });
}

test('the graphs are built again, and then answers are as right as before', async () => {
  await built();
  const recallNow = await recalls();
  for (const name of NAMES) {
    const [now, then] = [recallNow.get(name) ?? 0, recallBefore.get(name) ?? 0];
    assert.ok(now >= then - RECALL_TOLERANCE, `recall of ${name}: ${now}, before ${then}`);
    await everyOwnVectorIsFirst(name);
  }
});

test('a sound segment is taken up as it is', () => {
  const about = linesSince(peer, position).filter((line) => {
    const text = JSON.stringify(line);
    return text.includes(`'${SOUND}'`) || text.includes(folderOf(SOUND));
  });
  assert.deepEqual(about, []);
});

/** Whole numbers, so that JSON is short and float32 exact. */
function vectorAround(centre: readonly number[] | undefined, spread: number): number[] {
  const around = () => random.integer(2 * spread + 1) - spread;
  return Array.from({ length: DIMENSION }, (_, i) => (centre?.[i] ?? 0) + around());
}

async function fill(): Promise<void> {
  for (let from = 0; from < POINTS; from += BATCH) {
    const points = vectors.slice(from, from + BATCH).map((vector, i) => ({
      id: from + i,
      vector: Object.fromEntries(NAMES.map((name) => [name, vector])),
    }));
    await call('PUT', '/points?wait=true', { points });
  }
}

/** Resolves when the collection is green and every vector name has its graph. */
async function built(): Promise<void> {
  const deadline = performance.now() + BUILT_WITHIN_MS;
  let state = 'unknown';
  while (performance.now() < deadline) {
    const info = await call<{ status: string; indexed_vectors_count: number }>('GET', '');
    state = `${info.status}, ${info.indexed_vectors_count} vectors in graphs`;
    const share = info.indexed_vectors_count / (NAMES.length * POINTS);
    if (info.status === 'green' && share >= IN_GRAPHS_MIN) return;
    await sleep(100);
  }
  assert.fail(`not built in time: ${state}`);
}

/** Share of the true nearest that a search finds, by vector name; equally near counts as found. */
async function recalls(): Promise<ReadonlyMap<string, number>> {
  const furthest = queries.map((query) => {
    const distances = vectors.map((vector) => distance(query, vector)).sort((a, b) => a - b);
    return distances[LIMIT - 1] ?? Number.NaN;
  });
  const found = new Map<string, number>();
  for (const name of NAMES) {
    const answers = await search(name, queries, LIMIT);
    const hits = answers.map((points, i) => {
      assert.equal(points.length, LIMIT);
      return points.filter(({ score }) => score <= (furthest[i] ?? 0) + 1e-3).length;
    });
    const sum = hits.reduce((total, count) => total + count, 0);
    found.set(name, sum / (LIMIT * QUERIES));
  }
  return found;
}

async function everyOwnVectorIsFirst(name: string): Promise<void> {
  const step = Math.floor(POINTS / OWN_VECTORS);
  const ids = Array.from({ length: OWN_VECTORS }, (_, i) => i * step);
  const answers = await search(
    name,
    ids.map((id) => vectors[id] ?? []),
    1,
  );
  assert.deepEqual(
    answers.map(([best]) => [best?.id, best?.score]),
    ids.map((id) => [id, 0]),
    name,
  );
}

interface Hit {
  readonly id: number;
  readonly score: number;
}

function search(
  name: string,
  asked: readonly (readonly number[])[],
  limit: number,
): Promise<readonly (readonly Hit[])[]> {
  const searches = asked.map((vector) => ({ vector: { name, vector }, limit }));
  return call('POST', '/points/search/batch', { searches });
}

function distance(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < DIMENSION; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

/** The folder of the index of a vector is named after it, in hexadecimal. */
function folderOf(name: string): string {
  return `v${Buffer.from(name).toString('hex')}`;
}

function segmentFile(name: string, file: 'graph' | 'rows'): string {
  const indexes = join(peer.folder, 'indexes');
  const [replica = ''] = readdirSync(indexes);
  return join(indexes, replica, folderOf(name), `segment-1.${file}`);
}

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${peer.url}/collections/damaged${path}`, {
    method,
    ...(body && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
    signal: AbortSignal.timeout(90_000),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text).result;
}
