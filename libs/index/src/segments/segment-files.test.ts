// Segment files: restarts, damage, leftovers.

import assert from 'node:assert/strict';
import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { pointOffset } from '@tributary/model';
import { seededRandom, silentLogger } from '@tributary/runtime';
import {
  addAll,
  ClusteredVectors,
  offsetsUpTo,
  openIndex,
  recallOf,
  searchFor,
  temporaryFolder,
} from '../index.test-support.ts';
import { createSegmentBuilder } from './segment-builder.ts';

const SIZE = 64;
const COUNT = 12_000;

const builder = createSegmentBuilder({ logger: silentLogger });
after(() => builder.close());

test('a restart loads the segments: same answers, nothing built, changed vectors in the tail', async () => {
  await using folder = await temporaryFolder();
  const data = new ClusteredVectors(seededRandom(5), SIZE, 100);
  const vectors = data.many(COUNT);
  const uuid = (i: number) => `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
  const queries = data.many(50);
  const answers: unknown[] = [];
  {
    await using index = await openIndex({
      size: SIZE,
      folder: folder.path,
      builder,
      identify: uuid,
    });
    addAll(index, vectors);
    await index.settled();
    for (const query of queries) answers.push(index.search(query, searchFor({})));
  }
  // In another order than before, so offsets differ from the segment's.
  const order = offsetsUpTo(COUNT).reverse();
  const offsetOfId = new Map(order.map((old, offset) => [uuid(old), pointOffset(offset)]));
  const reopened = await openIndex({
    size: SIZE,
    folder: folder.path,
    builder,
    identify: (offset) => uuid(order[offset] ?? 0),
  });
  await using index = reopened;
  const changed = new Set([3, 77, 4_000]);
  for (const [offset, old] of order.entries()) {
    if (changed.has(old)) index.add(pointOffset(offset), data.next());
    else if (old !== 9) index.add(pointOffset(offset), vectors[old] ?? data.next());
  }
  const resolve = (id: unknown) =>
    id === uuid(9) || typeof id !== 'string' ? undefined : offsetOfId.get(id);
  assert.deepEqual(await index.loadSegments(resolve), { loaded: 1, rejected: [] });
  assert.equal(index.stats().indexedVectors, COUNT - 4);
  index.maintain();
  assert.equal(index.stats().building, false);
  assert.ok(recallOf(index, queries, {}) >= 0.95);

  for (const [i, query] of queries.entries()) {
    const { offsets, scores } = index.search(query, searchFor({}));
    const touched = [...offsets].some((offset) => changed.has(order[offset] ?? 0));
    const before = answers[i] as { offsets: Uint32Array; scores: Float32Array };
    if (touched || before.offsets.some((old) => old === 9 || changed.has(old))) continue;
    assert.deepEqual(
      [...offsets].map((offset) => order[offset]),
      [...before.offsets],
    );
    assert.deepEqual(scores, before.scores);
  }
});

test('a damaged segment is thrown away and its vectors are answered from the tail', async () => {
  await using folder = await temporaryFolder();
  const data = new ClusteredVectors(seededRandom(6), SIZE, 20);
  const vectors = data.many(1_200);
  {
    await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
    addAll(index, vectors);
    await index.settled();
  }
  const names = (await readdir(folder.path)).sort();
  assert.deepEqual(names, ['segment-1.graph', 'segment-1.rows']);
  const whole = new Map<string, Buffer>();
  for (const name of names) whole.set(name, await readFile(join(folder.path, name)));

  const random = seededRandom(8);
  for (const name of names) {
    const bytes = whole.get(name) ?? Buffer.alloc(0);
    const damages: (() => Promise<void>)[] = [];
    const file = join(folder.path, name);
    for (const length of [0, 3, 11, 96, bytes.length >> 1, bytes.length - 1]) {
      damages.push(() => truncate(file, length));
    }
    damages.push(() => truncate(file, bytes.length + 1));
    const edges = [0, 4, 8, 16, 24, 48, 52, bytes.length - 1];
    for (const at of [...edges, ...edges.map(() => random.integer(bytes.length))]) {
      damages.push(() => flipBit(file, at, random.integer(8)));
    }
    for (const damage of damages) {
      for (const [each, content] of whole) await writeFile(join(folder.path, each), content);
      await damage();
      await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
      addAll(index, vectors);
      const { loaded, rejected } = await index.loadSegments((id) => pointOffset(Number(id)));
      assert.equal(loaded, 0);
      assert.equal(rejected.length, 1);
      assert.deepEqual(await readdir(folder.path), []);
      assert.equal(index.search(vectors[7] ?? data.next(), searchFor({})).offsets[0], 7);
    }
  }
});

test('a segment built for other parameters is thrown away; leftovers of a crash are removed', async () => {
  await using folder = await temporaryFolder();
  const data = new ClusteredVectors(seededRandom(9), SIZE, 20);
  const vectors = data.many(1_200);
  {
    await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
    addAll(index, vectors);
    await index.settled();
  }
  await writeFile(join(folder.path, 'segment-7.graph'), 'sealed by no rows file');
  await writeFile(join(folder.path, 'segment-8.graph.new'), 'half');
  await writeFile(join(folder.path, 'segment-8.rows.new'), 'half');
  await using index = await openIndex({
    size: SIZE,
    distance: 'Euclid',
    folder: folder.path,
    builder,
  });
  addAll(index, vectors);
  const { loaded, rejected } = await index.loadSegments((id) => pointOffset(Number(id)));
  assert.equal(loaded, 0);
  assert.equal(rejected.length, 2);
  assert.match(rejected.join(), /segment 7: it has no rows file,segment 1: .*Cosine/);
  assert.deepEqual(await readdir(folder.path), []);
  await index.settled();
  assert.equal(index.stats().indexedVectors, 1_200);
  assert.deepEqual((await readdir(folder.path)).sort(), ['segment-9.graph', 'segment-9.rows']);
});

test('of two segments that hold the same vectors, as a crash leaves them, the newer is kept', async () => {
  await using folder = await temporaryFolder();
  const data = new ClusteredVectors(seededRandom(18), SIZE, 20);
  const vectors = data.many(2_400);
  const older = new Map<string, Buffer>();
  {
    await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
    addAll(index, vectors.slice(0, 1_200));
    await index.settled();
    for (const name of await readdir(folder.path)) {
      older.set(name, await readFile(join(folder.path, name)));
    }
    addAll(index, vectors.slice(1_200), 1_200);
    await index.settled();
  }
  for (const [name, content] of older) await writeFile(join(folder.path, name), content);
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
  addAll(index, vectors);
  const loaded = await index.loadSegments((id) => pointOffset(Number(id)));
  assert.deepEqual(loaded, { loaded: 1, rejected: [] });
  assert.equal(index.stats().indexedVectors, 2_400);
  assert.deepEqual((await readdir(folder.path)).sort(), ['segment-2.graph', 'segment-2.rows']);
});

test('a segment grows with the tail: one segment, good recall, and a restart takes it up', async () => {
  await using folder = await temporaryFolder();
  const data = new ClusteredVectors(seededRandom(17), SIZE, 100);
  const vectors = data.many(6_000);
  const removed = new Set(offsetsUpTo(6_000).filter((offset) => offset % 6 === 0));
  {
    await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
    for (let first = 0; first < 6_000; first += 1_500) {
      addAll(index, vectors.slice(first, first + 1_500), first);
      for (const offset of removed) if (offset < first) index.remove(offset);
      await index.settled();
    }
    for (const offset of removed) index.remove(offset);
    assert.deepEqual((await readdir(folder.path)).sort(), ['segment-4.graph', 'segment-4.rows']);
    assert.ok(recallOf(index, data.many(50), {}) >= 0.95);
  }
  await using index = await openIndex({ size: SIZE, folder: folder.path, builder });
  for (const offset of offsetsUpTo(6_000)) {
    const vector = vectors[offset];
    if (vector !== undefined && !removed.has(offset)) index.add(offset, vector);
  }
  const resolve = (id: unknown) => {
    const offset = pointOffset(Number(id));
    return removed.has(offset) ? undefined : offset;
  };
  assert.deepEqual(await index.loadSegments(resolve), { loaded: 1, rejected: [] });
  assert.equal(index.stats().indexedVectors, 5_000);
  assert.ok(recallOf(index, data.many(50), {}) >= 0.95);
});

async function flipBit(path: string, at: number, bit: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ (1 << bit);
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}
