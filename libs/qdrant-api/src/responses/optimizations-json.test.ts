import assert from 'node:assert/strict';
import test from 'node:test';
import { type ShardIndexesView, writeOptimizations } from './optimizations-json.ts';

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const index = {
  name: 'image',
  vectors: 50,
  indexed: 30,
  excluded: 20,
  segments: [30],
  rowBytes: 1,
  graphBytes: 1,
};
const shardWith = (shardId: number, more: object): ShardIndexesView => ({
  shardId,
  sparse: new Set(),
  payloadIndexBytes: 0,
  tableBytes: 0,
  vectors: [{ ...index, build: 'idle', ...more }],
});
const shards = [
  shardWith(0, {
    build: 'running',
    builds: [
      { startedMs: START_MS + 9_000, vectors: 50 },
      { startedMs: START_MS, endedMs: START_MS + 1_500, vectors: 30 },
    ],
  }),
  shardWith(1, {
    builds: [{ startedMs: START_MS, endedMs: START_MS + 4_000, vectors: 7, error: 'disk full' }],
  }),
];
const told = (completedMax: number | undefined) =>
  JSON.parse(writeOptimizations('id', shards, { queued: true, completedMax, idleSegments: true }));

test('a build is a tree of times while it runs and once it has ended, the newest first', () => {
  const { running, completed, queued } = told(16);
  assert.deepEqual(queued, []);
  assert.equal(running.length, 1);
  assert.equal(running[0].status, 'optimizing');
  assert.equal(running[0].progress.started_at, new Date(START_MS + 9_000).toISOString());
  assert.deepEqual(running[0].progress.children[0].total, 50);
  assert.equal('finished_at' in running[0].progress, false);
  const statuses = completed.map(({ status }: { status: unknown }) => status);
  assert.deepEqual(statuses, [{ error: 'disk full' }, 'done']);
  const { progress, segments, uuid } = completed[1];
  assert.equal(progress.duration_sec, 1.5);
  assert.equal(progress.finished_at, new Date(START_MS + 1_500).toISOString());
  assert.deepEqual([progress.children[0].done, progress.children[0].total], [30, 30]);
  assert.equal(segments[0].points_count, 30);
  assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(uuid, told(16).completed[1].uuid);
});

test('as many completed builds are reported as are asked for, and none where they are not', () => {
  assert.equal(told(1).completed.length, 1);
  assert.deepEqual(told(0).completed, []);
  assert.equal('completed' in told(undefined), false);
});
