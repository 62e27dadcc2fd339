// What is built once a load is over, and what a change of settings does to an index in use.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { SimulatedClock, seededRandom, silentLogger } from '@tributary/runtime';
import type { CreateVectorIndexOptions } from '../create-vector-index.ts';
import {
  addAll,
  ClusteredVectors,
  openIndex,
  recallOf,
  SETTINGS,
  searchFor,
  temporaryFolder,
} from '../index.test-support.ts';
import { createSegmentBuilder } from './segment-builder.ts';

const SIZE = 32;

const builder = createSegmentBuilder({ logger: silentLogger });
after(() => builder.close());

async function opened(options: Partial<CreateVectorIndexOptions>) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const clock = new SimulatedClock();
  const index = stack.use(
    await openIndex({ size: SIZE, folder: folder.path, builder, clock, ...options }),
  );
  const data = new ClusteredVectors(seededRandom(3), SIZE, 40);
  const cleaning = stack.move();
  let added = 0;
  const add = (count: number) => {
    addAll(index, data.many(count), added);
    added += count;
    index.maintain();
  };
  return { index, clock, data, add, [Symbol.asyncDispose]: () => cleaning.disposeAsync() };
}

test('the rest of a load is built when no more comes, so that all is indexed', async () => {
  await using running = await opened({ tailVectorsMax: 1_000, graphVectorsMin: 1_000 });
  const { index, clock, add } = running;
  add(1_500);
  await index.settled();
  add(7);
  await index.settled();
  assert.deepEqual([index.stats().indexedVectors, index.stats().build], [1_500, 'idle']);
  await clock.advance(900);
  add(1);
  await clock.advance(900);
  await index.settled();
  assert.equal(index.stats().indexedVectors, 1_500);
  await clock.advance(2_000);
  await index.settled();
  assert.deepEqual([index.stats().indexedVectors, index.stats().segments], [1_508, 1]);
});

test('a threshold below what pays at once is kept to at rest, and after ten times that long', async () => {
  await using running = await opened({ tailVectorsMax: 9_000, graphVectorsMin: 10 });
  const { index, clock, add } = running;
  add(9);
  await clock.advance(60_000);
  await index.settled();
  assert.deepEqual([index.stats().indexedVectors, index.stats().build], [0, 'idle']);
  add(1);
  assert.equal(index.stats().build, 'wanted');
  for (let halves = 1; halves < 20; halves++) {
    await clock.advance(500);
    add(1);
  }
  await index.settled();
  assert.equal(index.stats().indexedVectors, 0);
  await clock.advance(500);
  await index.settled();
  assert.deepEqual([index.stats().indexedVectors, index.stats().build], [29, 'idle']);
});

test('graphs are switched on and off, and built with other parameters, while searches go on', async () => {
  await using running = await opened({ graphVectorsMin: Number.POSITIVE_INFINITY });
  const { index, clock, data, add } = running;
  add(3_000);
  await clock.advance(60_000);
  await index.settled();
  assert.deepEqual([index.stats().indexedVectors, index.stats().build], [0, 'idle']);
  index.configure(SETTINGS);
  await index.settled();
  assert.equal(index.stats().indexedVectors, 3_000);
  const { graphBytes } = index.stats();
  index.configure({ ...SETTINGS, m: 32 });
  assert.equal(index.search(data.next(), searchFor({})).offsets.length, 10);
  await index.settled();
  assert.deepEqual([index.stats().indexedVectors, index.stats().segments], [3_000, 1]);
  assert.ok(index.stats().graphBytes > graphBytes, 'more edges take more memory');
  assert.ok(recallOf(index, data.many(50), {}) >= 0.95);
  index.configure({ ...SETTINGS, m: 0 });
  await index.settled();
  assert.deepEqual([index.stats().segments, index.stats().indexedVectors], [0, 0]);
  assert.equal(recallOf(index, data.many(5), {}), 1);
});

test('an index whose distance has no graph counts as indexed what is enough for one', async () => {
  await using running = await opened({ distance: 'Manhattan', graphVectorsMin: 10 });
  const { index, add } = running;
  add(9);
  assert.equal(index.stats().indexedVectors, 0);
  add(1);
  assert.equal(index.stats().indexedVectors, 10);
  index.configure({ ...SETTINGS, m: 0, graphVectorsMin: 10 });
  assert.equal(index.stats().indexedVectors, 0);
});
