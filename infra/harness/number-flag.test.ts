import assert from 'node:assert/strict';
import test from 'node:test';
import { numberFlag } from './number-flag.ts';

test('what is no number, or too small, is named', () => {
  assert.equal(numberFlag('cases', '20000', 1), 20_000);
  assert.equal(numberFlag('minutes', '0.5', 0), 0.5);
  for (const text of ['x', '', ' ', 'NaN', 'Infinity', '0', '-1', '1e']) {
    assert.throws(() => numberFlag('cases', text, 1), /--cases .*: a number, 1 or more/);
  }
});
