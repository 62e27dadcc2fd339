import assert from 'node:assert/strict';
import test from 'node:test';
import { type Filter, type PointOperation, sequence } from '@tributary/model';
import { entry, MapStore, point, SHAPE, upsert } from './apply.test-support.ts';
import { ApplyBatch } from './apply-batch.ts';
import type { CandidateFinder } from './stored-matches.ts';

const COUNT = 1_700;
const EVEN: Filter = { must: [{ kind: 'match', key: 'a', value: 0 }] };

function filled(): MapStore {
  const points = Array.from({ length: COUNT }, (_, id) => point(id, `{"a":${id % 2}}`));
  return new MapStore().applied([[sequence(1), entry(upsert(...points))]]);
}

function stepsOf(batch: ApplyBatch, ...operations: PointOperation[]): number {
  const steps = batch.applySteps(entry(...operations), sequence(2));
  let pauses = 0;
  for (let step = steps.next(); ; step = steps.next()) {
    if (!step.done) pauses++;
    else {
      assert.equal(step.value.kind, 'applied');
      return pauses;
    }
  }
}

const selector = { kind: 'filter' as const, filter: EVEN };
const clear: PointOperation = { kind: 'clearPayload', selector };
const remove: PointOperation = { kind: 'delete', selector };

test('an update that looks at many points pauses on its way and comes to the same', () => {
  for (const operations of [[remove], [clear], [clear, remove]]) {
    const inSteps = new ApplyBatch(filled(), SHAPE);
    const pauses = stepsOf(inSteps, ...operations);
    assert.ok(pauses >= Math.floor(COUNT / 500), `${pauses} pauses`);
    const atOnce = new ApplyBatch(filled(), SHAPE);
    atOnce.apply(entry(...operations), sequence(2));
    assert.deepEqual(inSteps.changes(), atOnce.changes());
    assert.equal(inSteps.size, COUNT / 2);
  }
});

test('an update by ids that changes many points pauses too, one that changes few does not', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, id) => id);
  const clearing = (count: number): PointOperation => {
    return { kind: 'clearPayload', selector: { kind: 'ids', ids: ids(count) } };
  };
  assert.ok(stepsOf(new ApplyBatch(filled(), SHAPE), clearing(COUNT)) >= 3);
  assert.equal(stepsOf(new ApplyBatch(filled(), SHAPE), clearing(10)), 0);
});

test('a filter pauses also over the points that the operations before it have changed', () => {
  const finder: CandidateFinder = { find: () => ({ ids: [], isExact: true }) };
  const ids = Array.from({ length: COUNT }, (_, id) => id);
  const clearing: PointOperation = { kind: 'clearPayload', selector: { kind: 'ids', ids } };
  const alone = stepsOf(new ApplyBatch(filled(), SHAPE, finder), clearing);
  const both = stepsOf(new ApplyBatch(filled(), SHAPE, finder), clearing, remove);
  assert.equal(both - alone, Math.floor(COUNT / 500));
});

test('candidates that are not exact are evaluated, exact ones are taken, and what the batch changed is its own', () => {
  const naming = (isExact: boolean): CandidateFinder => ({
    find: () => ({ ids: [0, 1, 2, 4], isExact }),
  });
  const changed = upsert(point(2, '{"a":1}'), point(3, '{"a":0}'));
  const deleted = (finder: CandidateFinder) => {
    const batch = new ApplyBatch(filled(), SHAPE, finder);
    batch.apply(entry(changed, remove), sequence(2));
    return batch.changes().deletes.toSorted((a, b) => Number(a) - Number(b));
  };
  assert.deepEqual(deleted(naming(false)), [0, 3, 4]);
  assert.deepEqual(deleted(naming(true)), [0, 1, 3, 4]);
});

test('a finder is asked with the text indexes as the batch has them by then', () => {
  const asked: string[][] = [];
  const finder: CandidateFinder = {
    find: (_, schema) => {
      asked.push(Object.keys(schema));
      return undefined;
    },
  };
  const batch = new ApplyBatch(filled(), SHAPE, finder);
  const make: PointOperation = { kind: 'createFieldIndex', field: 'a', index: { type: 'bool' } };
  batch.apply(entry(clear, make, clear), sequence(2));
  assert.deepEqual(asked, [[], ['a']]);
});
