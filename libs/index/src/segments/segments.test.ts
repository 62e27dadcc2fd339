// Graphs: recall, filters, what happens while a segment is being built.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test, { after } from 'node:test';
import { type PointOffset, pointOffset } from '@tributary/model';
import { seededRandom, silentLogger } from '@tributary/runtime';
import {
  addAll,
  ClusteredVectors,
  noBuilder,
  offsetSet,
  offsetsUpTo,
  openIndex,
  recallOf,
  SETTINGS,
  searchFor,
  temporaryFolder,
} from '../index.test-support.ts';
import type { IndexSearch, VectorIndex } from '../vector-index.ts';
import { isGraphCheaper } from './search-plan.ts';
import { createSegmentBuilder } from './segment-builder.ts';

const SIZE = 64;
const COUNT = 12_000;

const builder = createSegmentBuilder({ logger: silentLogger });
after(() => builder.close());

function assertGraphIsUsed(index: VectorIndex): void {
  const { vectors, indexedVectors, segments } = index.stats();
  const tail = vectors - indexedVectors;
  assert.ok(segments > 0);
  assert.ok(isGraphCheaper({ size: SIZE, sealed: indexedVectors, tail, segments, ef: 100 }));
}

test('recall@10 is at least 0.95 with a fifth removed and a fifth overwritten, filtered or not', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
  const data = new ClusteredVectors(seededRandom(1), SIZE, 200);
  addAll(index, data.many(COUNT));
  await index.settled();
  assert.equal(index.stats().indexedVectors, COUNT);

  for (let i = 0; i < COUNT; i += 10) index.remove(pointOffset(i));
  let end = COUNT;
  for (let i = 5; i < COUNT; i += 10) {
    index.remove(pointOffset(i));
    index.add(pointOffset(end++), data.next());
  }
  const queries = data.many(100);
  assertGraphIsUsed(index);
  assert.ok(recallOf(index, queries, {}) >= 0.95);
  const half = offsetsUpTo(end).filter((offset) => offset % 2 === 1);
  const accept = offsetSet(half, end);
  assert.ok(recallOf(index, queries, { accept, acceptCount: half.length }) >= 0.95);
  await index.settled();
  assert.ok(recallOf(index, queries, {}) >= 0.95);
});

test('the graph never answers what was removed or is outside the filter, and each vector finds itself', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
  const data = new ClusteredVectors(seededRandom(2), SIZE, 100);
  const vectors = data.many(COUNT);
  addAll(index, vectors);
  await index.settled();
  for (let i = 0; i < COUNT; i += 5) index.remove(pointOffset(i));
  assertGraphIsUsed(index);
  let lost = 0;
  for (let i = 0; i < COUNT; i += 7) {
    const { offsets } = index.search(vectors[i] ?? data.next(), searchFor({ limit: 3 }));
    assert.ok(offsets.every((offset) => offset % 5 !== 0));
    if (i % 5 !== 0 && offsets[0] !== i) lost++;
  }
  assert.ok(lost <= 3, `${lost} vectors do not find themselves`);
  const accept = offsetSet(
    offsetsUpTo(COUNT).filter((offset) => offset % 3 === 0),
    COUNT,
  );
  for (const query of data.many(30)) {
    const { offsets } = index.search(query, searchFor({ accept, acceptCount: COUNT / 3 }));
    assert.equal(offsets.length, 10);
    assert.ok(offsets.every((offset) => offset % 3 === 0 && offset % 5 !== 0));
  }
});

test('as many hits come as there are, even where the graph is in pieces', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({
    size: SIZE,
    distance: 'Euclid',
    m: 2,
    efConstruct: 4,
    folder: folder.path,
    builder,
  });
  // Islands of 40 far from each other; few edges and a short list at the build leave gaps.
  const random = seededRandom(5);
  const point = () => Float32Array.from({ length: SIZE }, () => 100 * random.next() - 50);
  const islands = Array.from({ length: 200 }, point);
  addAll(
    index,
    islands.flatMap((centre) =>
      Array.from({ length: 40 }, () => centre.map((value) => value + random.next())),
    ),
  );
  await index.settled();
  assertGraphIsUsed(index);
  for (const query of islands) {
    assert.equal(index.search(query, searchFor({ limit: 60, ef: 1 })).offsets.length, 60);
  }
});

test('indexedOnly leaves out a long tail, exact or not, and searches a short one', async () => {
  await using folder = await temporaryFolder();
  const settings = { ...SETTINGS, tailVectorsMax: 6_000, graphVectorsMin: 6_000 };
  await using index = await openIndex({
    ...{ size: SIZE, folder: folder.path, builder },
    ...{ ...settings, smallTailVectorsMax: 2 },
  });
  const data = new ClusteredVectors(seededRandom(4), SIZE, 20);
  addAll(index, data.many(6_000));
  await index.settled();
  const late = data.next();
  index.add(pointOffset(6_000), late);
  const find = (search: Partial<IndexSearch>) =>
    index.search(late, searchFor({ indexedOnly: true, ...search })).offsets[0];
  assert.equal(find({}), 6_000);
  assert.equal(index.stats().excludedVectors, 0);
  index.add(pointOffset(6_001), data.next());
  assert.equal(index.stats().excludedVectors, 2);
  const accept = offsetSet([5, 6_000, 6_001], 6_002);
  for (const exact of [true, false]) {
    assert.notEqual(find({ exact }), 6_000);
    assert.equal(find({ exact, indexedOnly: false }), 6_000);
    assert.equal(find({ exact, accept, acceptCount: 3 }), 5);
    // Where a filter leaves few, they are scanned.
    assert.equal(find({ exact, accept: offsetSet([6_000], 6_002), acceptCount: 1 }), 6_000);
  }
  index.configure({ ...settings, smallTailVectorsMax: 3 });
  assert.equal(find({}), 6_000);
});

test('where no graph is ever built, indexedOnly finds everything', async () => {
  for (const off of [{ m: 0 }, { distance: 'Manhattan' } as const]) {
    await using folder = await temporaryFolder();
    await using index = await openIndex({
      ...{ size: SIZE, folder: folder.path, builder: noBuilder, smallTailVectorsMax: 0, ...off },
    });
    const [first, second] = new ClusteredVectors(seededRandom(4), SIZE, 20).many(2);
    assert.ok(first && second);
    addAll(index, [first, second]);
    const found = index.search(second, searchFor({ indexedOnly: true })).offsets;
    assert.deepEqual([...found].sort(), [0, 1]);
    assert.equal(index.stats().excludedVectors, 0);
  }
});

test('what is added and removed while a segment is built is found, and not found, at once', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
  const data = new ClusteredVectors(seededRandom(10), SIZE, 50);
  const held = new Map<PointOffset, Float32Array>();
  let next = 0;
  const add = () => {
    const vector = data.next();
    const offset = pointOffset(next++);
    index.add(offset, vector);
    held.set(offset, vector);
    return offset;
  };
  for (let i = 0; i < 3_000; i++) add();
  index.maintain();
  assert.equal(index.stats().building, true);
  const random = seededRandom(11);
  let checksWhileBuilding = 0;
  for (let turn = 0; turn < 50 || (index.stats().building && turn < 1_500); turn++) {
    const added = add();
    const victim = pointOffset(random.integer(next - 1));
    index.remove(victim);
    held.delete(victim);
    const vector = held.get(added);
    assert.ok(vector !== undefined);
    const exact = turn % 2 === 0;
    const { offsets, scores } = index.search(vector, searchFor({ exact }));
    assert.equal(offsets[0], added);
    assert.ok(Math.abs((scores[0] ?? 0) - 1) < 1e-5);
    for (const offset of offsets) assert.ok(held.has(pointOffset(offset)));
    if (index.stats().building) checksWhileBuilding++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(checksWhileBuilding > 10, `${checksWhileBuilding} checks while building`);
  await index.settled();
  assert.equal(index.stats().vectors, held.size);
  for (const [offset, vector] of held) assert.deepEqual(index.get(offset), vector);
});

test('closing while a segment is built leaves no unfinished file behind', async () => {
  const data = new ClusteredVectors(seededRandom(12), SIZE, 50);
  const vectors = data.many(3_000);
  for (const waitTurns of [0, 1, 5, 40, 200]) {
    await using folder = await temporaryFolder();
    const index = await openIndex({ size: SIZE, folder: folder.path, builder });
    addAll(index, vectors);
    index.maintain();
    for (let i = 0; i < waitTurns; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    const wasBuilt = index.stats().indexedVectors > 0;
    await index.close();
    const names = (await readdir(folder.path)).sort();
    if (names.length > 0) assert.deepEqual(names, ['segment-1.graph', 'segment-1.rows']);
    if (wasBuilt) assert.equal(names.length, 2);
    if (waitTurns <= 1) assert.deepEqual(names, []);
  }
});

test('a worn segment is built again, an empty one is dropped with its files', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
  const data = new ClusteredVectors(seededRandom(13), SIZE, 50);
  addAll(index, data.many(4_000));
  await index.settled();
  for (let i = 0; i < 1_500; i++) index.remove(pointOffset(i));
  await index.settled();
  assert.deepEqual((await readdir(folder.path)).sort(), ['segment-2.graph', 'segment-2.rows']);
  assert.equal(index.stats().indexedVectors, 2_500);
  for (let i = 1_500; i < 4_000; i++) index.remove(pointOffset(i));
  await index.settled();
  assert.deepEqual(await readdir(folder.path), []);
  assert.equal(index.stats().segments, 0);
});

test('with m = 0, and for Manhattan, no graph is ever built', async () => {
  const data = new ClusteredVectors(seededRandom(14), SIZE, 50);
  const vectors = data.many(2_000);
  for (const options of [{ m: 0 }, { distance: 'Manhattan' as const }]) {
    await using folder = await temporaryFolder();
    await using index = await openIndex({ size: SIZE, folder: folder.path, builder, ...options });
    addAll(index, vectors);
    await index.settled();
    assert.equal(index.stats().segments, 0);
    assert.equal(index.search(vectors[5] ?? data.next(), searchFor({})).offsets.length, 10);
  }
});

test('one edge a node is more than hnswlib takes, and builds all the same', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder, m: 1 });
  const data = new ClusteredVectors(seededRandom(15), SIZE, 50);
  addAll(index, data.many(1_500));
  await index.settled();
  assert.equal(index.stats().indexedVectors, 1_500);
});

test('a build that fails leaves the index as it was', async () => {
  await using folder = await temporaryFolder();
  await using index = await openIndex({
    size: SIZE,
    folder: folder.path,
    builder: {
      build: (task) =>
        task(async () => ({ kind: 'failed', code: 'insufficient_storage', message: 'disk full' })),
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
  });
  const data = new ClusteredVectors(seededRandom(16), SIZE, 50);
  const vectors = data.many(1_500);
  addAll(index, vectors);
  await index.settled();
  assert.equal(index.stats().indexedVectors, 0);
  assert.equal(index.search(vectors[5] ?? data.next(), searchFor({})).offsets[0], 5);
});
