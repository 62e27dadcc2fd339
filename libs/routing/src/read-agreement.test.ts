import assert from 'node:assert/strict';
import test from 'node:test';
import { sequence } from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import { agreedCount, agreedFacetSteps, agreedRecordSteps, agreementOf } from './read-agreement.ts';

const record = (id: number | string, version = 1) => ({ id, version: sequence(version) });

test('who is asked and how many must agree follows the words of the API', () => {
  const of = (consistency: Parameters<typeof agreementOf>[0]) => {
    const { asked, needed } = agreementOf(consistency, 3);
    return [asked, needed];
  };
  assert.deepEqual(of(1), [1, 1]);
  assert.deepEqual(of(2), [2, 2]);
  assert.deepEqual(of(9), [3, 3]);
  assert.deepEqual(of('majority'), [3, 2]);
  assert.deepEqual(of('quorum'), [2, 2]);
  assert.deepEqual(of('all'), [3, 3]);
});

test('of an even number of replicas half is no majority', () => {
  assert.deepEqual(agreementOf('quorum', 2), { asked: 2, needed: 2 });
  assert.deepEqual(agreementOf('quorum', 4), { asked: 3, needed: 3 });
  assert.deepEqual(agreementOf('majority', 4), { asked: 4, needed: 3 });
});

test('a record counts where enough replicas hold the same version, and comes once', () => {
  const lists = [
    [record(1), record(2, 5), record('2')],
    [record(2, 4), record(1), record(3)],
    [record(3), record(1)],
  ];
  assert.deepEqual(atOnce(agreedRecordSteps(lists, { asked: 3, needed: 2 })), [
    record(1),
    record(3),
  ]);
  assert.deepEqual(atOnce(agreedRecordSteps(lists, { asked: 3, needed: 3 })), [record(1)]);
});

test('a count is the smallest where all must agree, the median where a majority does', () => {
  assert.equal(agreedCount([7, 3, 5], { asked: 3, needed: 3 }), 3);
  assert.equal(agreedCount([7, 3, 5], { asked: 3, needed: 2 }), 5);
});

test('a point that stands in a list once for each of its values is one item a value', () => {
  const at = (orderValue: number) => ({ id: 1, version: sequence(1), orderValue });
  const agreed = atOnce(agreedRecordSteps([[at(1), at(2)], [at(2)]], { asked: 2, needed: 2 }));
  assert.deepEqual(agreed, [at(2)]);
});

test('facets agree value by value, and a value that a replica lacks counts nothing there', () => {
  const answers = [
    [
      { value: 'a', count: 5 },
      { value: 'b', count: 2 },
    ],
    [{ value: 'a', count: 4 }],
    [
      { value: 'b', count: 2 },
      { value: 'a', count: 4 },
    ],
  ];
  assert.deepEqual(atOnce(agreedFacetSteps(answers, { asked: 3, needed: 3 })), [
    { value: 'a', count: 4 },
  ]);
  assert.deepEqual(atOnce(agreedFacetSteps(answers, { asked: 3, needed: 2 })), [
    { value: 'a', count: 4 },
    { value: 'b', count: 2 },
  ]);
});
