// Rows of half floats and of bytes: what is found over them is what is found over the same values as float32.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import {
  DISTANCES,
  type Distance,
  pointOffset,
  type StoredDatatype,
  toDatatype,
} from '@tributary/model';
import { type Random, seededRandom, silentLogger } from '@tributary/runtime';
import fc from 'fast-check';
import type { CreateVectorIndexOptions } from '../create-vector-index.ts';
import {
  addAll,
  ClusteredVectors,
  noBuilder,
  normalised,
  openIndex,
  recallOf,
  searchFor,
  temporaryFolder,
} from '../index.test-support.ts';
import { createSegmentBuilder } from '../segments/segment-builder.ts';
import type { VectorIndex } from '../vector-index.ts';
import { FlatVectors } from './flat-vectors.ts';
import { MultiVectorIndex } from './multi-vector-index.ts';

const builder = createSegmentBuilder({ logger: silentLogger });
after(() => builder.close());

const SIZES = [...Array.from({ length: 34 }, (_, i) => i + 1), 128, 257];

const cases = fc.record({
  size: fc.constantFrom(...SIZES),
  distance: fc.constantFrom(...DISTANCES),
  vectors: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(1_100)),
  seed: fc.nat(),
});

/** Half floats of all sizes, subnormal ones and zeros of both signs among them. */
function halves(random: Random, size: number): Float32Array {
  const bits = Uint16Array.from({ length: size }, () => random.integer(0x7c00));
  const values = Float32Array.from(new Float16Array(bits.buffer));
  const isSmall = random.next() < 0.5;
  return values.map((value) => {
    const signed = random.next() < 0.5 ? value : -value;
    return isSmall ? Math.f16round(signed / 65_504) : signed;
  });
}

function bytes(random: Random, size: number): Float32Array {
  return Float32Array.from({ length: size }, () => random.integer(256));
}

/** An index of each datatype over the same values. */
async function withBoth(
  options: Pick<CreateVectorIndexOptions, 'size' | 'distance'>,
  datatype: StoredDatatype,
  use: (stored: VectorIndex, plain: VectorIndex) => void,
) {
  await using folder = await temporaryFolder();
  const shared = { ...options, folder: folder.path, builder: noBuilder };
  await using stored = await openIndex({ ...shared, datatype });
  await using plain = await openIndex(shared);
  use(stored, plain);
}

test('half floats are scored as the same float32 are, to the bit', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ size, distance, vectors, seed }) => {
      const random = seededRandom(seed);
      await withBoth({ size, distance }, 'float16', (stored, plain) => {
        for (let i = 0; i < vectors; i++) {
          const vector = halves(random, size);
          for (const index of [stored, plain]) index.add(pointOffset(i), vector);
          assert.deepEqual(stored.get(pointOffset(i)), vector);
        }
        const query = halves(random, size);
        for (const limit of [3, 2_000]) {
          const search = searchFor({ limit, exact: true });
          assert.deepEqual(stored.search(query, search), plain.search(query, search));
        }
      });
    }),
    { numRuns: 60 },
  );
});

test('bytes are scored by exact sums, Cosine by the angle', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ size, distance, vectors, seed }) => {
      const random = seededRandom(seed);
      await using folder = await temporaryFolder();
      const options = { size, distance, datatype: 'uint8', builder: noBuilder } as const;
      await using index = await openIndex({ ...options, folder: folder.path });
      const held = Array.from({ length: vectors }, (_, i) =>
        i === 3 ? new Float32Array(size) : bytes(random, size),
      );
      addAll(index, held);
      const query = bytes(random, size);
      const { offsets, scores } = index.search(query, searchFor({ limit: 2_000, exact: true }));
      assert.equal(offsets.length, vectors);
      offsets.forEach((offset, i) => {
        const vector = held[offset] ?? assert.fail('a vector that was added');
        assert.deepEqual(index.get(pointOffset(offset)), vector);
        assert.equal(scores[i], byteScore(distance, query, vector));
      });
    }),
    { numRuns: 60 },
  );
});

function byteScore(distance: Distance, a: Float32Array, b: Float32Array): number {
  const sum = (term: (x: number, y: number) => number) =>
    a.reduce((total, x, i) => total + term(x, b[i] ?? 0), 0);
  const dot = sum((x, y) => x * y);
  switch (distance) {
    case 'Dot':
      return Math.fround(dot);
    case 'Cosine': {
      const lengths = Math.sqrt(sum((x) => x * x) * b.reduce((total, y) => total + y * y, 0));
      return lengths === 0 ? 0 : Math.fround(dot / lengths);
    }
    case 'Euclid':
      return Math.fround(Math.sqrt(Math.fround(sum((x, y) => (x - y) ** 2))));
    case 'Manhattan':
      return Math.fround(sum((x, y) => Math.abs(x - y)));
  }
}

test('the largest vector of the largest bytes has the sum it has', () => {
  const size = 65_536;
  const vectors = new FlatVectors({ size, distance: 'Dot', datatype: 'uint8' });
  vectors.append(pointOffset(0), new Float32Array(size).fill(255));
  const [kernel] = vectors.kernels();
  assert.ok(kernel);
  kernel.setQuery(new Float32Array(size).fill(255));
  kernel.list[0] = 0;
  kernel.score(1, Number.NEGATIVE_INFINITY);
  assert.equal(kernel.scores[0], Math.fround(size * 255 * 255));
});

test('a row takes two bytes a value, or one, and a block as many more rows', () => {
  const rows = 40_000;
  const size = 256;
  const bytesOf = (datatype?: StoredDatatype) => {
    const vectors = new FlatVectors({ size, distance: 'Dot', ...(datatype && { datatype }) });
    const vector = new Float32Array(size).fill(1);
    for (let i = 0; i < rows; i++) vectors.append(pointOffset(i), vector);
    return vectors.memoryBytes / rows;
  };
  // Memory grows by a quarter at a time; a row has 8 to 16 bytes of tables.
  for (const [datatype, bytes] of [
    [undefined, 4],
    ['float16', 2],
    ['uint8', 1],
  ] as const) {
    const each = bytesOf(datatype);
    assert.ok(each >= bytes * size && each <= 1.25 * (bytes * size + 32), `${datatype}: ${each}`);
  }
});

/** Values as embeddings of bytes have them: around 128. */
function toBytes(vector: Float32Array): Float32Array {
  return toDatatype(
    vector.map((value) => 128 + 400 * value),
    'uint8',
  );
}

test('a graph over converted vectors finds what is nearest, is loaded again, and is scored by them', async () => {
  const size = 64;
  const data = new ClusteredVectors(seededRandom(21), size, 60);
  const vectors = data.many(6_000);
  const queries = data.many(60);
  for (const [datatype, distance] of [
    ['float16', 'Cosine'],
    ['uint8', 'Cosine'],
    ['uint8', 'Euclid'],
  ] as const) {
    await using folder = await temporaryFolder();
    const options = { size, distance, datatype, folder: folder.path, builder };
    const convert = (vector: Float32Array) =>
      datatype === 'uint8' ? toBytes(vector) : toDatatype(normalised(vector), datatype);
    const converted = vectors.map(convert);
    {
      await using index = await openIndex(options);
      addAll(index, converted);
      await index.settled();
      assert.equal(index.stats().indexedVectors, 6_000);
      // More candidates, and a scan of bytes is the cheaper one.
      const ef = 32;
      assert.equal(index.explain(searchFor({ ef })), 'graph');
      assert.ok(recallOf(index, queries.map(convert), { ef }) >= 0.95, datatype);
    }
    await using again = await openIndex(options);
    addAll(again, converted);
    const loaded = await again.loadSegments((id) => pointOffset(Number(id)));
    assert.deepEqual(loaded, { loaded: 1, rejected: [] });
    assert.equal(again.stats().indexedVectors, 6_000);
  }
});

test('several rows of bytes or half floats are compared as they are alone', () => {
  const random = seededRandom(5);
  for (const [datatype, next] of [
    ['float16', halves],
    ['uint8', bytes],
  ] as const) {
    const options = { size: 9, distance: 'Euclid' } as const;
    const stored = new MultiVectorIndex({ ...options, datatype });
    const plain = new MultiVectorIndex(options);
    for (let i = 0; i < 50; i++) {
      const vector = { size: 9, rows: next(random, 9 * (1 + random.integer(4))) };
      for (const index of [stored, plain]) index.add(pointOffset(i), vector);
      assert.deepEqual(stored.get(pointOffset(i)), vector);
    }
    const query = { size: 9, rows: next(random, 18) };
    const search = searchFor({ limit: 50 });
    assert.deepEqual(stored.search(query, search), plain.search(query, search));
  }
});
