import assert from 'node:assert/strict';
import test from 'node:test';
import { type ShardIndexesView, writeMemory, writeOptimizations } from './optimizations-json.ts';
import type { VectorTelemetryView } from './view.ts';

const EVERYTHING = { queued: true, completed: true, idleSegments: true };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/;

function index(name: string, build: string): VectorTelemetryView {
  const bytes = { rowBytes: 100, graphBytes: 10 };
  return { name, vectors: 9, indexed: 5, excluded: 0, segments: [3, 2], ...bytes, build };
}

const SHARDS: readonly ShardIndexesView[] = [
  {
    shardId: 0,
    vectors: [index('', 'running'), index('other', 'queued')],
    payloadIndexBytes: 7,
    tableBytes: 3,
  },
  {
    shardId: 1,
    vectors: [index('', 'wanted'), index('other', 'idle')],
    payloadIndexBytes: 7,
    tableBytes: 3,
  },
];

test('builds are told as optimizations: running, queued, and the graphs that rest', () => {
  const told = JSON.parse(writeOptimizations('c', SHARDS, EVERYTHING));
  assert.deepEqual(told.summary, {
    queued_optimizations: 2,
    queued_segments: 2,
    queued_points: 8,
    idle_segments: 6,
  });
  assert.equal(told.running.length, 1);
  assert.equal(told.running[0].status, 'optimizing');
  assert.equal(told.running[0].progress.total, 4);
  assert.match(told.running[0].uuid, UUID);
  assert.equal(told.queued.length, 2);
  assert.equal(told.queued[0].segments[0].points_count, 4);
  const ids = told.idle_segments.map(({ uuid }: { uuid: string }) => uuid);
  assert.equal(new Set(ids).size, 6);
  assert.deepEqual(JSON.parse(writeOptimizations('c', SHARDS, EVERYTHING)), told);
});

test('memory is told by shard and part, and adds up', () => {
  const told = JSON.parse(writeMemory(SHARDS));
  assert.deepEqual(told.shards[0].vectors.other, { rows_bytes: 100, graphs_bytes: 10 });
  assert.equal(told.shards[0].total_bytes, 230);
  assert.equal(told.total_bytes, 460);
});
