import assert from 'node:assert/strict';
import test from 'node:test';
import { written } from './kept-writer.ts';

const bytesOf = (...values: number[]) =>
  written((writer) => {
    for (const value of values) writer.uint32(value);
  });

test('a message holds what was written to it, regardless of what was written before, within or after', () => {
  let within: Uint8Array = new Uint8Array(0);
  const first = written((writer) => {
    writer.uint32(1);
    within = bytesOf(8, 9);
    writer.uint32(2);
  });
  const large = written((writer) => writer.raw(new Uint8Array(3_000_000).fill(7)));
  const last = bytesOf(3);
  assert.deepEqual([...first], [1, 2]);
  assert.deepEqual([...within], [8, 9]);
  assert.equal(large.length, 3_000_000);
  assert.deepEqual([...last], [3]);
});

test('what fails leaves nothing behind', () => {
  const failing = () =>
    written((writer) => {
      writer.uint32(1).fork().uint32(2);
      throw new RangeError('halfway');
    });
  assert.throws(failing, RangeError);
  assert.deepEqual([...bytesOf(3)], [3]);
});
