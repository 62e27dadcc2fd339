// The bytes of a store's records may not change by accident: a store that was written once is opened for ever.

import assert from 'node:assert/strict';
import test from 'node:test';
import { pointIdToBytes, sequence, stamp } from '@tributary/model';
import { bytesOfHex, goldenText, hexLines } from '@tributary/runtime/testing';
import { BUCKET_SUMS_BYTES } from '@tributary/storage';
import {
  decodeCut,
  decodePoint,
  decodeState,
  decodeVectors,
  RecordEncoder,
  tombstoneKey,
} from './records.ts';

const what = () => 'the record';
const KEY = pointIdToBytes('0b6a2c5e-2b0d-4e5a-9d53-1f2a3b4c5d6e');
const mark = { version: sequence(3), stamp: stamp(2 ** 51 + 1) };
const point = {
  id: 7,
  ...mark,
  origin: 'süd',
  vectors: {
    '': Float32Array.of(0.5, -1),
    words: { indices: Uint32Array.of(3, 2 ** 32 - 1), values: Float32Array.of(0.5, -1) },
    rows: { size: 2, rows: Float32Array.of(1, 2, 3, 4) },
    halves: Float32Array.from({ length: 16 }, (_, i) => i - 0.5),
    bytes: { size: 8, rows: Float32Array.from({ length: 16 }, (_, i) => 17 * i) },
  },
  payload: Buffer.from('{"a":1}'),
};
const state = {
  appliedSequence: sequence(1_000_000),
  appliedCount: 12,
  contentHash: 'ab'.repeat(32),
  stateHash: 'cd'.repeat(32),
  pointsCount: 7,
  payloadBytes: 70,
  tombstonesCount: 2,
  lastStamp: stamp(2 ** 51 + 1),
  payloadSchema: { n: { type: 'float' as const } },
  vectorSchema: { a: { revision: 3 } },
};
const cut = {
  sequence: sequence(39),
  appliedCount: 12,
  pointsCount: 7,
  contentHash: state.contentHash,
  stateHash: state.stateHash,
};
const buckets = Buffer.from({ length: BUCKET_SUMS_BYTES, 0: 1, [BUCKET_SUMS_BYTES - 1]: 2 });

/** The record of the golden file, which is what is written today. */
function goldenRecord(name: string, today: Uint8Array | undefined): Buffer {
  assert.ok(today !== undefined);
  const golden = goldenText(new URL(`../golden/${name}.hex`, import.meta.url), hexLines(today));
  assert.equal(hexLines(today), golden);
  return Buffer.from(bytesOfHex(golden));
}

test('a point, its vectors, a tombstone, a cut and the state have the bytes of the golden files, and are read', () => {
  const encoder = new RecordEncoder();
  const vectors = goldenRecord('vectors', encoder.vectors(KEY, point));
  assert.deepEqual(decodeVectors(KEY, vectors, what).vectors, point.vectors);
  const stored = goldenRecord('point', encoder.point(KEY, point, Buffer.alloc(32, 1), 5));
  const { version, stamp: at, origin, payload } = decodePoint(KEY, stored, what);
  assert.deepEqual([version, at, origin], [mark.version, mark.stamp, point.origin]);
  assert.deepEqual(payload, point.payload);
  const tombstone = { id: 7, ...mark, origin: 'süd' };
  const key = tombstoneKey(KEY);
  const buried = goldenRecord('tombstone', encoder.tombstone(key, tombstone, Buffer.alloc(32, 1)));
  assert.equal(decodePoint(key, buried, what).stamp, mark.stamp);
  assert.throws(() => decodePoint(KEY, buried, what), { code: 'corrupt' }, 'it is no point');
  const read = decodeCut(KEY, goldenRecord('cut', encoder.cut(KEY, cut, buckets)), what);
  assert.deepEqual(read.cut, cut);
  assert.deepEqual(read.buckets, buckets);
  assert.deepEqual(decodeState(goldenRecord('state', encoder.state(state)), what), state);
});
