import assert from 'node:assert/strict';
import test from 'node:test';
import { HnswSegment } from './hnsw-segment.ts';
import { NativeGraph } from './native-graph.ts';

const PARAMS = { size: 2, distance: 'Euclid', m: 8, efConstruct: 64 } as const;

test('dead rows take no place of live ones, however many lie nearer', () => {
  const count = 300;
  const graph = NativeGraph.create(PARAMS, count);
  for (let row = 0; row < count; row++) graph.add(Float32Array.of(row, 0));
  const segment = new HnswSegment({ number: 1, graph, graphBytes: 0, params: PARAMS });
  for (let row = 0; row < count; row++) segment.claim(row, row + 1_000);
  for (let row = 0; row < 250; row++) segment.kill(row);
  assert.equal(segment.live, 50);
  const found = segment.search(Float32Array.of(0, 0), 10, 64);
  assert.deepEqual(
    found,
    Array.from({ length: 10 }, (_, i) => 1_250 + i),
  );
  segment.free();
});
