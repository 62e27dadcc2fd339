// What an index says of its builds, and of how a search would go.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { pointOffset } from '@tributary/model';
import { SimulatedClock, seededRandom, silentLogger } from '@tributary/runtime';
import {
  addAll,
  ClusteredVectors,
  offsetSet,
  openIndex,
  searchFor,
  temporaryFolder,
} from '../index.test-support.ts';
import { createSegmentBuilder, type SegmentBuilder } from './segment-builder.ts';

const SIZE = 64;

const real = createSegmentBuilder({ logger: silentLogger });
after(() => real.close());

function vectors(count: number): Float32Array[] {
  return new ClusteredVectors(seededRandom(7), SIZE, 100).many(count);
}

test('a build is queued until its turn, running in it, and leaves the index idle', async () => {
  await using folder = await temporaryFolder();
  const turn = Promise.withResolvers<void>();
  const builder: SegmentBuilder = {
    build: (task, signal) => turn.promise.then(() => real.build(task, signal)),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
  assert.equal(index.stats().build, 'idle');
  addAll(index, vectors(3_000));
  index.maintain();
  assert.deepEqual([index.stats().build, index.stats().building], ['queued', true]);
  turn.resolve();
  const seen = new Set<string>();
  while (index.stats().building) {
    seen.add(index.stats().build);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(seen.has('running'));
  const { build, segmentVectors, rowBytes, graphBytes, memoryBytes } = index.stats();
  assert.deepEqual([build, segmentVectors], ['idle', [3_000]]);
  assert.ok(rowBytes >= 3_000 * SIZE * 4 && graphBytes > 0);
  assert.equal(rowBytes + graphBytes, memoryBytes);
});

test('a build that failed says why, and is tried again by itself until it succeeds', async () => {
  await using folder = await temporaryFolder();
  const clock = new SimulatedClock();
  let attempts = 0;
  const builder: SegmentBuilder = {
    build: (task, signal) => {
      attempts++;
      if (attempts > 2) return real.build(task, signal);
      return task(async () => ({ kind: 'failed', code: 'internal', message: 'the disk is full' }));
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder, clock });
  addAll(index, vectors(1_500));
  for (const attempt of [1, 2]) {
    await index.settled();
    assert.equal(attempts, attempt);
    assert.equal(index.stats().build, 'wanted');
    assert.match(index.stats().buildError ?? '', /the disk is full/);
    await clock.advance(10_000);
  }
  await index.settled();
  assert.deepEqual(
    [index.stats().build, index.stats().buildError, index.stats().indexedVectors],
    ['idle', undefined, 1_500],
  );
  const builds = index.stats().builds ?? [];
  const outcomes = builds.map(({ vectors: covered, error }) => [covered, error?.slice(-16)]);
  assert.deepEqual(outcomes, [
    [1_500, undefined],
    [1_500, 'the disk is full'],
    [1_500, 'the disk is full'],
  ]);
  const [last, , first] = builds;
  assert.equal((last?.startedMs ?? 0) - (first?.startedMs ?? 0), 20_000);
  assert.ok(builds.every(({ startedMs, endedMs = 0 }) => endedMs >= startedMs));
});

test('the plan of a search is the one it is run by: graph, scan of a few, scan by codes', async () => {
  await using folder = await temporaryFolder();
  const quantization = { kind: 'scalar', quantile: 0.99 } as const;
  await using coded = await openIndex({
    size: SIZE,
    folder: folder.path,
    builder: real,
    m: 0,
    quantization,
  });
  await using other = await temporaryFolder();
  await using index = await openIndex({ size: SIZE, folder: other.path, builder: real });
  for (const each of [index, coded]) {
    addAll(each, vectors(12_000));
    await each.settled();
  }
  const few = offsetSet([1, 2, 3], 12_000);
  assert.equal(index.explain(searchFor({})), 'graph');
  assert.equal(index.explain(searchFor({ exact: true })), 'scan');
  assert.equal(index.explain(searchFor({ accept: few, acceptCount: 3 })), 'scan');
  assert.equal(coded.explain(searchFor({})), 'codes');
  assert.equal(coded.explain(searchFor({ exact: true })), 'scan');
  index.remove(pointOffset(1));
  assert.equal(index.stats().segmentVectors[0], 11_999);
});
