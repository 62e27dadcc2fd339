import assert from 'node:assert/strict';
import test from 'node:test';
import {
  isDense,
  isSparse,
  type NamedVectors,
  NO_PAYLOAD,
  type PointRecord,
  parseJson,
  payloadToBytes,
  type ScoredPoint,
  sequence,
  type VectorValue,
  WholeFloat,
} from '@tributary/model';
import fc from 'fast-check';
import { float32Text } from './float-text.ts';
import {
  type JsonPieces,
  writeFacet,
  writeGroups,
  writeMatrixOffsets,
  writeMatrixPairs,
  writeQueryBatch,
  writeRecords,
  writeScoredBatch,
  writeScoredPoints,
  writeScrollPage,
} from './points-json.ts';

function textOf(pieces: JsonPieces): string {
  return [...pieces].join('');
}

const float = fc.float({ noNaN: true, noDefaultInfinity: true });

test('a float32 is written as a decimal that reads back as the same float32', () => {
  fc.assert(
    fc.property(float, (value) => Object.is(Math.fround(Number(float32Text(value))), value)),
    { numRuns: 5_000 },
  );
});

test('a float32 that a decimal of up to six digits made is written as that decimal', () => {
  const decimal = fc.tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: -5, max: 0 }));
  fc.assert(
    fc.property(decimal, ([digits, exponent]) => {
      const text = String(Number(`${digits}e${exponent}`));
      return float32Text(Math.fround(Number(text))) === text;
    }),
    { numRuns: 5_000 },
  );
  for (const text of [
    '0.1',
    '0.89',
    '-0.2',
    '1.5',
    '3',
    '1e-7',
    '0',
    '16777216',
    '3.4028235e+38',
  ]) {
    assert.equal(float32Text(Math.fround(Number(text))), text);
  }
  assert.equal(float32Text(Infinity), '3.4028235e+38');
  assert.equal(float32Text(-Infinity), '-3.4028235e+38');
});

const id = fc.oneof(fc.nat(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), fc.uuid());
// Beyond 2^53 our own parser makes a bigint of a whole number, wherever it is.
const component = fc.float({ noNaN: true, min: -1e6, max: 1e6 });
const vector = fc
  .array(component, { minLength: 1, maxLength: 4 })
  .map((each) => Float32Array.from(each));
const sparse = fc.dictionary(fc.nat().map(String), component, { maxKeys: 4 }).map((each) => ({
  indices: Uint32Array.from(Object.keys(each), Number),
  values: Float32Array.from(Object.values(each)),
}));
const multi = fc
  .array(fc.tuple(component, component), { minLength: 1, maxLength: 3 })
  .map((rows) => ({ size: 2, rows: Float32Array.from(rows.flat()) }));
const anyVector = fc.oneof<fc.Arbitrary<VectorValue>[]>(vector, sparse, multi);
const vectors = fc.oneof(
  anyVector.map((each): NamedVectors => ({ '': each })),
  fc.dictionary(fc.string({ minLength: 1 }), anyVector, { noNullPrototype: true }),
);
const payload = fc
  .dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false }), { noNullPrototype: true })
  .map((object) => JSON.parse(JSON.stringify(object)));

const point = fc
  .record({ id, vectors, payload, score: component, version: fc.nat() })
  .map((each) => ({
    expected: {
      id: each.id,
      version: each.version,
      score: each.score,
      payload: each.payload,
      vector: vectorJson(each.vectors),
    },
    point: {
      id: each.id,
      version: sequence(each.version),
      score: each.score,
      payload: payloadToBytes(each.payload),
      vectors: each.vectors,
    } satisfies ScoredPoint,
  }));

function vectorJson(named: NamedVectors): unknown {
  const unnamed = named[''];
  if (unnamed !== undefined) return valueJson(unnamed);
  return Object.fromEntries(Object.entries(named).map(([name, each]) => [name, valueJson(each)]));
}

function valueJson(vector: VectorValue): unknown {
  if (isDense(vector)) return [...vector];
  if (isSparse(vector)) return { indices: [...vector.indices], values: [...vector.values] };
  const rows = [...vector.rows];
  return rows.flatMap((_, i) => (i % vector.size === 0 ? [rows.slice(i, i + vector.size)] : []));
}

/** The value with every number as float32, which is what a reader of float32 text gets. */
function rounded(value: unknown): unknown {
  const number = value instanceof WholeFloat ? value.value : value;
  if (typeof number === 'number') return Math.fround(number);
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rounded(each)]));
}

test('points are written with every id, payload and vector as it is', () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 4 }), (points) => {
      const text = textOf(writeScoredPoints(points.map((each) => each.point)));
      assert.deepEqual(rounded(parseJson(text)), rounded(points.map((each) => each.expected)));
    }),
  );
});

const bare: PointRecord = { id: 2n ** 64n - 1n, version: sequence(7) };

test('what the projection left out is left out, and a point without payload has an empty one', () => {
  assert.equal(textOf(writeRecords([bare])), '[{"id":18446744073709551615}]');
  const record: PointRecord = { ...bare, id: 1, payload: NO_PAYLOAD, vectors: {} };
  assert.equal(textOf(writeRecords([record])), '[{"id":1,"payload":{},"vector":{}}]');
});

test('a page says where the next one starts', () => {
  const uuid = '550e8400-e29b-41d4-a716-446655440000';
  assert.equal(textOf(writeScrollPage([], undefined)), '{"points":[],"next_page_offset":null}');
  assert.equal(textOf(writeScrollPage([], 5)), '{"points":[],"next_page_offset":5}');
  assert.equal(textOf(writeScrollPage([], uuid)), `{"points":[],"next_page_offset":"${uuid}"}`);
});

test('batches keep their order', () => {
  const scored: ScoredPoint = { ...bare, id: 1, score: 0.5 };
  const text = '{"id":1,"version":7,"score":0.5}';
  assert.equal(textOf(writeScoredBatch([[scored], []])), `[[${text}],[]]`);
  assert.equal(textOf(writeQueryBatch([[], [scored]])), `[{"points":[]},{"points":[${text}]}]`);
});

test('a record that was ordered by a value tells the value', () => {
  for (const [orderValue, text] of [
    [2.5, '2.5'],
    [2, '2'],
    [new WholeFloat(2), '2.0'],
    [2n ** 60n + 1n, '1152921504606846977'],
    [2 ** 60, '1152921504606847000.0'],
  ] as const) {
    const records = [{ ...bare, id: 1, orderValue }];
    assert.equal(textOf(writeRecords(records)), `[{"id":1,"order_value":${text}}]`);
  }
});

test('groups tell what they are grouped by, their hits and what was looked up', () => {
  const hit: ScoredPoint = { ...bare, id: 1, score: 0.5 };
  const groups = [
    { id: 'a"', hits: [hit], lookup: { ...bare, id: 7 } },
    { id: 2n ** 63n, hits: [] },
  ];
  assert.equal(
    textOf(writeGroups(groups)),
    '{"groups":[{"hits":[{"id":1,"version":7,"score":0.5}],"id":"a\\"","lookup":{"id":7}},' +
      '{"hits":[],"id":9223372036854775808}]}',
  );
});

test('facet values keep their type', () => {
  const hits = [
    { value: 'a', count: 2 },
    { value: 2n ** 53n + 1n, count: 1 },
    { value: false, count: 1 },
  ];
  assert.equal(
    textOf(writeFacet(hits)),
    '{"hits":[{"value":"a","count":2},{"value":9007199254740993,"count":1},{"value":false,"count":1}]}',
  );
});

test('a matrix is the same in pairs and in offsets', () => {
  const matrix = { ids: [3, 5], rows: [[{ id: 5, score: 0.5 }], [{ id: 3, score: 0.25 }]] };
  assert.equal(
    textOf(writeMatrixPairs(matrix)),
    '{"pairs":[{"a":3,"b":5,"score":0.5},{"a":5,"b":3,"score":0.25}]}',
  );
  assert.equal(
    textOf(writeMatrixOffsets(matrix)),
    '{"offsets_row":[0,1],"offsets_col":[1,0],"scores":[0.5,0.25],"ids":[3,5]}',
  );
});

test('no piece is long, for any points', () => {
  const numbers = Float32Array.from({ length: 60_000 }, (_, i) => Math.sin(i));
  const indices = Uint32Array.from(numbers.keys());
  const point = (id: number, vector: VectorValue): ScoredPoint => {
    return { ...bare, id, score: 1, payload: payloadToBytes({ n: id }), vectors: { a: vector } };
  };
  const points = [
    point(1, numbers),
    point(2, { indices, values: numbers }),
    point(3, { size: 30_000, rows: numbers }),
    ...Array.from({ length: 2_000 }, (_, i) => ({ ...bare, id: i, score: 1 })),
  ];
  const pieces = [...writeQueryBatch([points, []])];
  assert.ok(Math.max(...pieces.map(({ length }) => length)) < 64 * 1024);
  const [first] = Object(parseJson(pieces.join('')));
  const read = first.points.map((each: { vector?: unknown }) => rounded(each.vector));
  assert.deepEqual(read.slice(0, 3), [
    { a: [...numbers] },
    { a: { indices: [...indices], values: [...numbers] } },
    { a: [[...numbers.subarray(0, 30_000)], [...numbers.subarray(30_000)]] },
  ]);
  assert.equal(read.length, points.length);
});
