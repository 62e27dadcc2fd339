import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, sequence, shardId } from '@tributary/model';
import { ReportSchedule, reportOf } from './report-schedule.ts';

const ALL = ['a', 'b', 'c'];

function start() {
  const schedule = new ReportSchedule({ repeatForMs: 2_000, wholeEveryMs: 10_000 });
  assert.deepEqual(schedule.due(ALL, 0), ALL);
  return schedule;
}

test('a change is repeated for a while, and what does not change is left out', () => {
  const schedule = start();
  assert.deepEqual(schedule.due(ALL, 500), []);
  schedule.noteChange('b', 600);
  assert.deepEqual(schedule.due(ALL, 1_000), ['b']);
  schedule.noteChange('c', 1_100);
  assert.deepEqual(schedule.due(ALL, 2_600), ['b', 'c']);
  assert.deepEqual(schedule.due(ALL, 3_000), ['c']);
  assert.deepEqual(schedule.due(ALL, 3_200), []);
});

test('everything is reported again now and then, so that no loss lasts', () => {
  const schedule = start();
  const whole = [];
  for (let nowMs = 500; nowMs <= 30_000; nowMs += 500) {
    if (schedule.due(ALL, nowMs).length === ALL.length) whole.push(nowMs);
  }
  assert.deepEqual(whole, [10_000, 20_000, 30_000]);
});

test('a newcomer gets everything with the next report', () => {
  const schedule = start();
  schedule.noteNewcomer();
  assert.deepEqual(schedule.due(ALL, 500), ALL);
  assert.deepEqual(schedule.due(ALL, 1_000), []);
});

test('a report says how far a replica is, what of that is safe, its last cut, and what it needs', () => {
  const address = { collection: collectionId('c'), shard: shardId(1) };
  const contentHash = 'ab'.repeat(32);
  const hashes = { contentHash, stateHash: 'cd'.repeat(32) };
  const lastCut = { sequence: sequence(39), appliedCount: 9, pointsCount: 7, ...hashes };
  const halted = { reason: 'the stream begins later', needs: 'transfer' } as const;
  const status = { address, appliedSequence: sequence(42), caughtUp: true, lastCut, halted };
  const sequences = { coveredSequence: sequence(90), durableSequence: sequence(40) };
  assert.deepEqual(reportOf({ ...status, ...sequences }), {
    ...address,
    appliedSequence: 42,
    ...sequences,
    cut: { sequence: 39, contentHash },
    haltedNeeds: 'transfer',
  });
  const fresh = { address, appliedSequence: sequence(0), caughtUp: false };
  assert.deepEqual(reportOf(fresh), { ...address, appliedSequence: 0 });
});
