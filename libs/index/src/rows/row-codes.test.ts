import assert from 'node:assert/strict';
import test from 'node:test';
import { DISTANCES, type Distance, higherIsBetter, pointOffset } from '@tributary/model';
import { seededRandom } from '@tributary/runtime';
import fc from 'fast-check';
import {
  ClusteredVectors,
  noBuilder,
  offsetSet,
  openIndex,
  searchFor,
  temporaryFolder,
} from '../index.test-support.ts';
import { FlatVectors } from './flat-vectors.ts';
import { type Quantization, quantizationOf, RowCodes } from './row-codes.ts';

const ROWS = 1_100;
const FULL: Quantization = { kind: 'scalar', quantile: 1 };

/** Whole numbers whose ends are those of the scale: each is its own code. */
function wholeNumbers(seed: number, size: number, max: number): Float32Array {
  const random = seededRandom(seed);
  const vector = Float32Array.from({ length: size }, () => random.integer(2 * max + 1) - max);
  vector[seed % size] = seed % 2 === 0 ? max : -max;
  return vector;
}

function scoresByCodes(codes: RowCodes, query: Float32Array): number[] {
  codes.setQuery(query);
  const list = Uint32Array.from({ length: 1_024 }, (_, i) => i);
  codes.score(list, ROWS - 1_024, 1_024, Number.NEGATIVE_INFINITY);
  return [...codes.scores];
}

function codesOf(distance: Distance, quantization: Quantization, rows: readonly Float32Array[]) {
  const size = rows[0]?.length ?? 0;
  const codes = new RowCodes({ size, distance, quantization });
  const vectors = new FlatVectors({ size, distance, codes });
  for (const [i, row] of rows.entries()) vectors.append(pointOffset(i), row);
  return codes;
}

test('bytes are scored as the vectors they stand for', () => {
  const expected = {
    Dot: (a: number, b: number) => a * b,
    Cosine: (a: number, b: number) => a * b,
    Euclid: (a: number, b: number) => -((a - b) ** 2),
    Manhattan: (a: number, b: number) => -Math.abs(a - b),
  };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(1_000), (size, seed) => {
      const rows = Array.from({ length: ROWS }, (_, i) => wholeNumbers(seed + i, size, 127));
      for (const distance of DISTANCES) {
        const isProduct = distance === 'Dot' || distance === 'Cosine';
        const query = wholeNumbers(seed, size, isProduct ? 2_047 : 508);
        const found = scoresByCodes(codesOf(distance, FULL, rows), query);
        const wanted = rows.slice(-1_024).map((row) => {
          return row.reduce((sum, x, d) => sum + expected[distance](query[d] ?? 0, x), 0);
        });
        assert.deepEqual(found, wanted);
      }
    }),
    { numRuns: 6 },
  );
});

test('codes stay with their rows however rows move', () => {
  const size = 5;
  const random = seededRandom(3);
  const codes = new RowCodes({ size, distance: 'Euclid', quantization: FULL });
  const vectors = new FlatVectors({ size, distance: 'Euclid', codes });
  let offset = 0;
  const append = () => vectors.append(pointOffset(offset), wholeNumbers(offset++, size, 127));
  while (offset < 2_000) append();
  for (let i = 0; i < 3_000; i++) {
    const { sealedCount, rowCount } = vectors;
    const release = random.next() < 0.1 ? vectors.hold() : undefined;
    vectors.remove(pointOffset(random.integer(offset)));
    if (random.next() < 0.6) append();
    release?.();
    if (sealedCount < rowCount / 2) {
      vectors.sealRow(vectors.sealedCount + random.integer(vectors.rowCount - vectors.sealedCount));
    } else vectors.unsealRow(random.integer(vectors.sealedCount));
  }
  const query = wholeNumbers(9, size, 300);
  codes.setQuery(query);
  for (let row = 0; row < vectors.rowCount; row++) {
    codes.score(Uint32Array.of(row), 0, 1, 0);
    const vector = vectors.vectorAt(row);
    const distance = vector.reduce((sum, x, d) => sum + ((query[d] ?? 0) - x) ** 2, 0);
    assert.equal(codes.scores[0], -distance);
  }
});

test('bits are scored by how many signs differ', () => {
  const size = 700;
  const rows = Array.from({ length: ROWS }, (_, i) => wholeNumbers(i, size, 9));
  const query = wholeNumbers(5_000, size, 9);
  const differing = (row: Float32Array) =>
    row.filter((x, d) => x > 0 !== (query[d] ?? 0) > 0).length;
  const found = scoresByCodes(codesOf('Dot', { kind: 'binary' }, rows), query);
  assert.deepEqual(
    found,
    rows.slice(-1_024).map((row) => 0 - differing(row)),
  );
});

for (const [quantization, size, distance, atLeast] of [
  [{ kind: 'scalar', quantile: 0.99 }, 32, 'Cosine', 0.98],
  [FULL, 32, 'Euclid', 0.98],
  [FULL, 32, 'Manhattan', 0.98],
  [{ kind: 'binary' }, 32, 'Dot', 0.98],
  [{ kind: 'binary' }, 512, 'Dot', 0.9],
] as const) {
  const name = `${quantization.kind}, ${size} dimensions, ${distance}`;
  test(`${name}: codes follow their rows through churn, and scores are those of the vectors`, async () => {
    await using folder = await temporaryFolder();
    const options = { size, distance, quantization, folder: folder.path, builder: noBuilder };
    await using index = await openIndex(options);
    const random = seededRandom(7);
    const source = new ClusteredVectors(random, size, 60);
    const count = 4_000;
    for (let i = 0; i < count; i++) index.add(pointOffset(i), source.next());
    for (let i = 0; i < 3_000; i++) {
      const offset = pointOffset(random.integer(count));
      index.remove(offset);
      if (random.next() < 0.9) index.add(offset, source.next());
    }
    const most = Array.from({ length: count }, (_, i) => i).filter(() => random.next() < 0.9);
    const accept = offsetSet(most, count);
    let found = 0;
    let wanted = 0;
    for (const query of source.many(40)) {
      for (const filter of [{}, { accept }]) {
        const all = { ...searchFor({ ...filter, exact: true }), limit: count };
        const exact = index.search(query, all);
        const scoreOf = new Map([...exact.offsets].map((offset, i) => [offset, exact.scores[i]]));
        const hits = index.search(query, searchFor(filter));
        hits.offsets.forEach((offset, i) => {
          assert.equal(hits.scores[i], scoreOf.get(offset));
        });
        const nearest = new Set(exact.offsets.subarray(0, 10));
        wanted += 10;
        for (const offset of hits.offsets) if (nearest.has(offset)) found++;
        const ignored = searchFor({ ...filter, quantization: { ignore: true } });
        assert.deepEqual(index.search(query, ignored).offsets, exact.offsets.slice(0, 10));
        const scoreThreshold = exact.scores[5] ?? 0;
        const within = index.search(query, searchFor({ ...filter, scoreThreshold }));
        const isWithin = (offset: number) =>
          higherIsBetter(distance)
            ? (scoreOf.get(offset) ?? 0) > scoreThreshold
            : (scoreOf.get(offset) ?? 0) < scoreThreshold;
        assert.deepEqual(within.offsets, hits.offsets.filter(isWithin));
        assert.ok(within.offsets.length <= 5);
      }
    }
    assert.ok(found / wanted >= atLeast, `recall ${found / wanted}`);
    const wide = { limit: 10, quantization: { oversampling: 12 } };
    const [query = new Float32Array(size)] = source.many(1);
    assert.deepEqual(
      index.search(query, searchFor(wide)).offsets,
      index.search(query, searchFor({ exact: true })).offsets,
    );
  });
}

test('vectors too long for codes are searched without', async () => {
  await using folder = await temporaryFolder();
  const options = { size: 5_000, folder: folder.path, builder: noBuilder };
  await using index = await openIndex({ ...options, quantization: FULL });
  index.add(pointOffset(1), new Float32Array(5_000).fill(1));
  const { scores } = index.search(new Float32Array(5_000).fill(1), searchFor({}));
  assert.deepEqual([...scores], [5_000]);
});

test('a configuration asks for bytes, for bits, or for nothing that has an effect', () => {
  assert.deepEqual(quantizationOf({ scalar: { type: 'int8', quantile: 0.9 } }), {
    kind: 'scalar',
    quantile: 0.9,
  });
  assert.deepEqual(quantizationOf({ scalar: { type: 'int8', always_ram: true } }), FULL);
  assert.deepEqual(quantizationOf({ binary: {} }), { kind: 'binary' });
  for (const none of [undefined, null, 'Disabled', [], {}, { product: {} }, { scalar: 1 }]) {
    assert.equal(quantizationOf(none), undefined);
  }
});
