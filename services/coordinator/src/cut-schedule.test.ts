import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import { CutSchedule } from './cut-schedule.ts';

const COLLECTION = collectionId('c');
const OPTIONS = { intervalMs: 60_000, growthBytes: 1_000 };

function report(applied: number, cut?: number) {
  const replica = { collection: COLLECTION, shard: shardId(0), appliedSequence: sequence(applied) };
  const known = cut === undefined ? {} : { cut: { sequence: sequence(cut), contentHash: '' } };
  return { peer: peerId(1), replicas: [{ ...replica, ...known }] };
}

test('a collection is due some time after the first write that no cut covers', () => {
  const schedule = new CutSchedule(OPTIONS);
  schedule.take(report(3), 1_000);
  schedule.take(report(9), 50_000);
  assert.deepEqual(schedule.uncut, [COLLECTION]);
  assert.equal(schedule.isDue(COLLECTION, 0, 60_999), false);
  assert.equal(schedule.isDue(COLLECTION, 0, 61_000), true);
});

test('a collection without writes is cut once and then left alone', () => {
  const schedule = new CutSchedule(OPTIONS);
  schedule.take(report(3), 0);
  schedule.noteCut(COLLECTION, 4);
  assert.deepEqual(schedule.uncut, []);
  schedule.take(report(4, 4), 100_000);
  schedule.take(report(3), 100_000);
  assert.deepEqual(schedule.uncut, []);
  schedule.take(report(5, 4), 200_000);
  assert.equal(schedule.isDue(COLLECTION, 0, 259_999), false);
  assert.equal(schedule.isDue(COLLECTION, 0, 260_000), true);
});

test('a log that grows fast is cut earlier, counted from the last cut', () => {
  const schedule = new CutSchedule(OPTIONS);
  schedule.take(report(3), 0);
  assert.equal(schedule.isDue(COLLECTION, 5_000, 5_000), false);
  assert.equal(schedule.isDue(COLLECTION, 6_000, 10_000), true);
  schedule.noteCut(COLLECTION, 4);
  schedule.take(report(8, 4), 11_000);
  assert.equal(schedule.isDue(COLLECTION, 6_100, 15_000), false);
  assert.equal(schedule.isDue(COLLECTION, 7_099, 20_000), false);
  assert.equal(schedule.isDue(COLLECTION, 7_100, 25_000), true);
});

test('a cut of an earlier leader counts, and a collection that is gone is forgotten', () => {
  const schedule = new CutSchedule(OPTIONS);
  schedule.take(report(7, 7), 0);
  assert.deepEqual(schedule.uncut, []);
  schedule.take(report(8, 7), 0);
  schedule.retain(new Set());
  assert.deepEqual(schedule.uncut, []);
});
