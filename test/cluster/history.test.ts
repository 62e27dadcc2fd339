import assert from 'node:assert/strict';
import test from 'node:test';
import { History, vectorOf } from './history.ts';

const held = (key: number, value: number) => ({ key, value, vector: vectorOf(value) });

test('a missing acknowledged write is lost, and an older value in its place is too', () => {
  const history = new History();
  history.record({ key: 1, value: 10, outcome: 'acknowledged' });
  history.record({ key: 1, value: 11, outcome: 'acknowledged' });
  assert.equal(history.judge([]).lost.length, 1);
  assert.equal(history.judge([held(1, 10)]).lost.length, 1);
  assert.deepEqual(history.judge([held(1, 11)]), { lost: [], resurrected: [], phantom: [] });
});

test('a deleted point that is there is resurrected', () => {
  const history = new History();
  history.record({ key: 1, value: 10, outcome: 'acknowledged' });
  history.record({ key: 1, value: undefined, outcome: 'acknowledged' });
  assert.equal(history.judge([held(1, 10)]).resurrected.length, 1);
  assert.equal(history.judge([]).lost.length, 0);
});

test('a write of unknown outcome may or may not be there', () => {
  const history = new History();
  history.record({ key: 1, value: 10, outcome: 'acknowledged' });
  history.record({ key: 1, value: 11, outcome: 'unknown' });
  for (const value of [10, 11]) {
    assert.deepEqual(history.judge([held(1, value)]).lost, []);
  }
  assert.equal(history.judge([]).lost.length, 1);
});

test('a value nobody wrote, or with the wrong vector, is a phantom', () => {
  const history = new History();
  history.record({ key: 1, value: 10, outcome: 'acknowledged' });
  history.record({ key: 2, value: 20, outcome: 'refused' });
  assert.equal(history.judge([held(1, 10), held(2, 20)]).phantom.length, 1);
  assert.equal(history.judge([{ key: 1, value: 10, vector: vectorOf(9) }]).phantom.length, 1);
});
