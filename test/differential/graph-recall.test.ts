// Searches that go through a graph, against the exact ones of Qdrant's local mode: nearly all of the nearest are found,
// no other than the filter lets through, and every score is that of its point.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { type Random, seededRandom } from '@tributary/runtime';
import { pythonWithClient } from '../cluster/clients/python-environment.ts';
import { type Answer, type Engine, type Json, type JsonObject, listOf, type Step } from './case.ts';
import { between, chance, pick, times } from './choices.ts';
import { field, near } from './comparison.ts';
import { PeerEngine, PythonEngine } from './engines.ts';

const SIZE = 64;
/** Of this size a graph is worth building from some eleven thousand on. */
const POINTS = 13_000;
const POINTS_A_REQUEST = 1_000;
const CLUSTERS = 200;
const COLOURS = ['red', 'green', 'blue'];
const QUERIES = 60;
const LIMIT = 10;
/** Of the nearest so many the scores are known; what is found instead of the first ten is among them. */
const KNOWN = 200;
/** Measured 0.99 and more. */
const RECALL_MIN = 0.95;
const INDEXED_WITHIN_MS = 180_000;

test('a graph finds the nearest with their scores, also within a filter', async (context) => {
  const found = await pythonWithClient();
  if ('missing' in found) {
    context.skip(found.missing);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tributary-recall-'));
  try {
    await using cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
    await using theirs = new PythonEngine(found.python, 'python_engine.py');
    const [peer] = cluster.peers;
    assert.ok(peer !== undefined);
    const ours = new PeerEngine(peer.url);
    const random = seededRandom(7);
    const clusters = times(CLUSTERS, () => times(SIZE, () => normal(random)));
    await fill(random, { ours, theirs }, clusters);
    await untilIndexed(peer.url);
    const recall = await recallOf(random, { ours, theirs }, clusters);
    assert.ok(recall >= RECALL_MIN, `recall ${recall}`);
  } finally {
    removeFolder(folder);
  }
});

interface Engines {
  readonly ours: Engine;
  readonly theirs: Engine;
}

async function fill(
  random: Random,
  engines: Engines,
  clusters: readonly number[][],
): Promise<void> {
  const vectors = { size: SIZE, distance: 'Cosine' };
  const optimizers_config = { indexing_threshold: 100 };
  await both(engines, { action: 'create', body: { vectors, optimizers_config, shard_number: 1 } });
  const schema = { field_name: 'colour', field_schema: 'keyword' };
  await both(engines, { action: 'index', body: schema });
  for (let first = 0; first < POINTS; first += POINTS_A_REQUEST) {
    const points = times(POINTS_A_REQUEST, (i) => ({
      id: first + i,
      vector: around(random, pick(random, clusters)),
      payload: { colour: pick(random, COLOURS) },
    }));
    await both(engines, { action: 'upsert', body: { points } });
  }
}

async function recallOf(
  random: Random,
  engines: Engines,
  clusters: readonly number[][],
): Promise<number> {
  let hits = 0;
  for (let i = 0; i < QUERIES; i++) {
    const query = around(random, pick(random, clusters));
    const any = COLOURS.slice(0, between(random, 1, 2));
    const filter = chance(random, 0.5) && {
      filter: { must: [{ key: 'colour', match: { any } }] },
    };
    const body: JsonObject = { query, ...filter };
    const exact = { ...body, limit: KNOWN };
    const params = { hnsw_ef: 128 };
    const [ours, theirs] = await Promise.all([
      engines.ours.ask('recall', { action: 'query', body: { ...body, params, limit: LIMIT } }),
      engines.theirs.ask('recall', { action: 'query', body: exact }),
    ]);
    const [found, all] = [pointsOf(ours), pointsOf(theirs)];
    assert.equal(found.length, LIMIT);
    const scores = new Map(all.map((hit) => [field(hit, 'id'), field(hit, 'score')]));
    const best = new Set(all.slice(0, LIMIT).map((hit) => field(hit, 'id')));
    for (const hit of found) {
      const id = field(hit, 'id');
      assert.ok(near(field(hit, 'score'), scores.get(id)), `the score of ${id}`);
      if (best.has(id)) hits += 1;
    }
    assert.equal(new Set(found.map((hit) => field(hit, 'id'))).size, LIMIT);
  }
  return hits / (QUERIES * LIMIT);
}

async function both({ ours, theirs }: Engines, step: Step): Promise<void> {
  const answers = await Promise.all([ours.ask('recall', step), theirs.ask('recall', step)]);
  for (const answer of answers) assert.ok('result' in answer, JSON.stringify(answer));
}

/** Resolves when a graph covers the most part; a tail may always be left. */
async function untilIndexed(url: string): Promise<void> {
  const deadline = Date.now() + INDEXED_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${url}/collections/recall`);
    const info: Json = JSON.parse(await response.text());
    const indexed = Number(field(field(info, 'result'), 'indexed_vectors_count'));
    if (indexed > POINTS / 2) return;
    assert.ok(Date.now() < deadline, `only ${indexed} vectors are in a graph`);
    await setTimeout(200);
  }
}

function pointsOf(answer: Answer): readonly Json[] {
  return 'result' in answer ? listOf(field(answer.result, 'points')) : [];
}

function around(random: Random, centre: readonly number[]): number[] {
  return centre.map((value) => Math.fround(value + 0.6 * normal(random)));
}

/** Nearly of the normal distribution: the sum of twelve uniform numbers. */
function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.next();
  return sum;
}
