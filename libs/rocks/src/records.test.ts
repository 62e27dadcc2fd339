import assert from 'node:assert/strict';
import test from 'node:test';
import {
  pointIdToBytes,
  type StoredPoint,
  sequence,
  stamp,
  type VectorValue,
} from '@tributary/model';
import { decodePoint, decodeState, decodeVectors, RecordEncoder } from './records.ts';

const what = () => 'the record';

test('the state of a store without payload indexes has these bytes', () => {
  const state = {
    appliedSequence: sequence(1_000_000),
    appliedCount: 12,
    contentHash: 'ab'.repeat(32),
    stateHash: 'cd'.repeat(32),
    tombstonesCount: 2,
    pointsCount: 7,
    payloadBytes: 70,
    lastStamp: stamp(2 ** 51 + 1),
    payloadSchema: {},
  };
  const record = new RecordEncoder().state(state);
  assert.equal(record.toString('hex'), GOLDEN_STATE);
  assert.deepEqual(decodeState(record, what), state);
});

test('the state of a store with schemas is read as it was written, in these bytes', () => {
  const state = {
    appliedSequence: sequence(1),
    appliedCount: 1,
    contentHash: 'ab'.repeat(32),
    stateHash: 'cd'.repeat(32),
    tombstonesCount: 2,
    pointsCount: 0,
    payloadBytes: 0,
    lastStamp: stamp(3),
    payloadSchema: { n: { type: 'float' as const } },
  };
  const vectorSchema = { a: { revision: 3 } };
  for (const each of [state, { ...state, vectorSchema }]) {
    const record = new RecordEncoder().state(each);
    assert.deepEqual(decodeState(record, what), each);
  }
  const texts = new RecordEncoder()
    .state({ ...state, vectorSchema })
    .subarray(117)
    .toString('utf8');
  assert.equal(texts, '[{"n":{"type":"float"}},{"a":{"revision":3}}]');
});

test('a point has 9 bytes for its stamp and its region, and those of the name of another one', () => {
  const point: StoredPoint = {
    id: 7,
    version: sequence(3),
    stamp: stamp(2 ** 51 + 1),
    vectors: {},
    payload: Buffer.from('{}'),
  };
  const key = pointIdToBytes(point.id);
  for (const [each, bytes] of [
    [point, 5 + 8 + 2 + 4 + 32 + 9 + 2],
    [{ ...point, origin: 'süd' }, 5 + 8 + 2 + 4 + 32 + 9 + 4 + 2],
  ] as const) {
    const record = new RecordEncoder().point(key, each, Buffer.alloc(32, 1), 5);
    assert.equal(record.length, bytes);
    const { version, stamp: at, origin, payload } = decodePoint(key, record, what);
    assert.deepEqual([version, at, origin], [3, 2 ** 51 + 1, each.origin]);
    assert.equal(payload.toString('utf8'), '{}');
  }
});

test('the dense vectors of a point have the bytes they had before there were others', () => {
  const point: StoredPoint = {
    id: 7,
    version: sequence(1),
    stamp: stamp(1),
    vectors: { '': Float32Array.of(0.5, -1), image: Float32Array.of(2) },
    payload: Buffer.alloc(0),
  };
  const key = pointIdToBytes(point.id);
  const record = new RecordEncoder().vectors(key, point);
  assert.equal(record?.toString('hex'), GOLDEN_VECTORS);
  assert.ok(record !== undefined);
  assert.deepEqual(decodeVectors(key, record, what).vectors, point.vectors);
});

test('values that are all bytes or half floats take as many bytes, and come back to the bit', () => {
  const fraction = Float32Array.from({ length: 64 }, (_, i) => i / 10);
  const bytesOf = (vector: VectorValue) => {
    const vectors = { a: vector, after: Float32Array.of(0.1) };
    const mark = { version: sequence(1), stamp: stamp(1) };
    const point = { id: 7, ...mark, vectors, payload: Buffer.alloc(0) };
    const key = pointIdToBytes(point.id);
    const record = new RecordEncoder().vectors(key, point);
    assert.ok(record !== undefined);
    assert.deepEqual(decodeVectors(key, record, what).vectors, vectors);
    return record.length;
  };
  const floats = bytesOf(fraction);
  const halves = fraction.map(Math.f16round);
  const bytes = fraction.map(Math.trunc);
  assert.equal(bytesOf(halves), floats - 2 * 64 + 8);
  assert.equal(bytesOf(bytes), floats - 3 * 64 + 8);
  const rows = bytesOf({ size: 8, rows: fraction });
  assert.equal(bytesOf({ size: 8, rows: halves }), rows - 2 * 64);
  assert.equal(bytesOf({ size: 8, rows: bytes }), rows - 3 * 64);
});

const GOLDEN_STATE =
  '0343097ab50000000080842e4100000000000028400000000000001c40ababababababababababababababababababababababababababababababababcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd000000000080514000000000000000400200000000002043';
const GOLDEN_VECTORS = '031e2eb6c802000000020000000000003f000080bf0500696d6167650100000000000040';
