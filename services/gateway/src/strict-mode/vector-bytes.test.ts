import assert from 'node:assert/strict';
import test from 'node:test';
import { vectorBytesOf } from './vector-bytes.ts';

test('a point takes four, two bytes or one a value, by the datatype', () => {
  const vector = { size: 10, distance: 'Dot' as const };
  const stored = (datatype: string) => ({ ...vector, datatype });
  assert.equal(vectorBytesOf({ vectors: { '': vector } }), 40);
  const vectors = { a: stored('float16'), b: stored('uint8'), c: stored('turbo4'), d: vector };
  assert.equal(vectorBytesOf({ vectors }), 20 + 10 + 40 + 40);
});
