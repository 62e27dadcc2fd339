import assert from 'node:assert/strict';
import test from 'node:test';
import { sequence, WholeFloat } from '@tributary/model';
import { decodeAnswer, encodeAnswer } from './answer-codec.ts';

test('the value a record was ordered by comes as the kind of number it was', () => {
  for (const orderValue of [
    5,
    new WholeFloat(5),
    new WholeFloat(-0),
    2.5,
    -7,
    2 ** 60,
    2n ** 60n + 1n,
    -(2n ** 63n),
  ]) {
    const records = [{ id: 1, version: sequence(3), orderValue }];
    assert.deepEqual(decodeAnswer('scroll', encodeAnswer('scroll', records)), records);
  }
});
