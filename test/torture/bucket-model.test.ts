import assert from 'node:assert/strict';
import test from 'node:test';
import { Bucket, changed } from './bucket-model.ts';

const values = (...pairs: [number, number][]) => new Map(pairs);
const held = (...pairs: [number, number][]) =>
  new Map(pairs.map(([key, value]) => [key, { value }] as const));

function bucket(): Bucket {
  const made = new Bucket('b', [1, 2]);
  made.record([{ kind: 'upsert', values: values([1, 10], [2, 11]) }], 'acknowledged');
  return made;
}

test('an acknowledged write that is missing, old, or a deleted point that is back is found', () => {
  const made = bucket();
  assert.equal(made.problemWith(held([1, 10], [2, 11])), '');
  assert.notEqual(made.problemWith(held([1, 10])), '');
  made.record([{ kind: 'upsert', values: values([1, 12]) }], 'acknowledged');
  assert.notEqual(made.problemWith(held([1, 10], [2, 11])), '');
  made.record([{ kind: 'delete', keys: [2] }], 'acknowledged');
  assert.equal(made.problemWith(held([1, 12])), '');
  assert.notEqual(made.problemWith(held([1, 12], [2, 11])), '');
});

test('a request of unknown outcome took effect wholly or not at all', () => {
  const made = bucket();
  made.record([{ kind: 'upsert', values: values([1, 20], [2, 21]) }], 'unknown');
  assert.ok(made.isRetired);
  assert.equal(made.problemWith(held([1, 10], [2, 11])), '');
  assert.equal(made.problemWith(held([1, 20], [2, 21])), '');
  assert.notEqual(made.problemWith(held([1, 20], [2, 11])), '');
});

test('a refused request took no effect, and a batch may have ended after any of its parts', () => {
  const refused = bucket();
  refused.record([{ kind: 'delete', keys: [1] }], 'refused');
  assert.notEqual(refused.problemWith(held([2, 11])), '');
  const batch = bucket();
  batch.record(
    [
      { kind: 'delete', keys: [1] },
      { kind: 'delete', keys: [2] },
    ],
    'unknown',
  );
  for (const state of [held([1, 10], [2, 11]), held([2, 11]), held()]) {
    assert.equal(batch.problemWith(state), '');
  }
  assert.notEqual(batch.problemWith(held([1, 10])), '');
});

test('conditional changes ask the state before them', () => {
  const before = new Map([
    [1, { value: 10, mark: 3 }],
    [2, { value: 20 }],
  ]);
  const apply = (change: Parameters<typeof changed>[1]) => [...changed(before, change)];
  const written = values([1, 30], [2, 31], [3, 32]);
  assert.deepEqual(apply({ kind: 'updateBelow', values: written, bound: 15 }), [
    ...new Map([
      [1, { value: 30 }],
      [2, { value: 20 }],
      [3, { value: 32 }],
    ]),
  ]);
  assert.deepEqual(apply({ kind: 'insertOnly', values: written }).at(-1), [3, { value: 32 }]);
  assert.deepEqual(apply({ kind: 'deleteBelow', bound: 15 }), [[2, { value: 20 }]]);
  assert.deepEqual(apply({ kind: 'unmarkBelow', bound: 15 })[0], [1, { value: 10 }]);
  assert.deepEqual(apply({ kind: 'markBelow', bound: 25, mark: 7 })[1], [
    2,
    { value: 20, mark: 7 },
  ]);
});
