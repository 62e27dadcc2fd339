import assert from 'node:assert/strict';
import test from 'node:test';
import { type CollectionState, EMPTY_METADATA, firstShards } from '@tributary/metadata';
import type { ReplicaState } from '@tributary/model';
import { COLLECTION_DEFAULTS, collectionId, peerId, sequence, shardId } from '@tributary/model';
import { SimulatedClock } from '@tributary/runtime';
import type { AppliedReplica } from '@tributary/wire';
import { AppliedTracker } from '../cluster/applied-tracker.ts';
import { MemoryReports } from '../testing/memory-reports.ts';
import { ApplyWait } from './apply-wait.ts';

const SILENT_AFTER_MS = 1_500;
const GRACE_MS = 500;
const shard = shardId(0);
const self = peerId(1);
const other = peerId(2);
const never = new AbortController().signal;

/** A shard with a replica at this peer and at another one. */
function start(stateOfOther: ReplicaState, writeConsistencyFactor = 1) {
  const replicas = new Map<typeof self, ReplicaState>([
    [self, 'Active'],
    [other, stateOfOther],
  ]);
  const collection: CollectionState = {
    id: collectionId('c'),
    name: 'c',
    config: { ...COLLECTION_DEFAULTS, vectors: {}, writeConsistencyFactor },
    createdVectors: { vectors: {} },
    vectorNames: {},
    ...firstShards([{ id: shard, replicas }]),
  };
  const state = { ...EMPTY_METADATA, collections: new Map([['c', collection]]) };
  const clock = new SimulatedClock();
  const reports = new MemoryReports();
  const silentAfterMs = SILENT_AFTER_MS;
  const tracker = new AppliedTracker({ self, reports, clock, silentAfterMs, waitersMax: 10 });
  const wait = new ApplyWait({ tracker, metadata: { state }, clock, graceMs: GRACE_MS });
  const report = (peer: typeof self, applied: number, rest: Partial<AppliedReplica> = {}) => {
    const replica = { collection: collection.id, shard, appliedSequence: sequence(applied) };
    reports.publish({ peer, replicas: [{ ...replica, ...rest }] });
  };
  const sequences = new Map([[shard, sequence(7)]]);
  const completed = (everyReplica = false) =>
    wait.completed({ collection, sequences, everyReplica }, never);
  return { clock, report, completed };
}

test('what every replica has applied is everywhere', async () => {
  const { report, completed } = start('Active');
  report(self, 7);
  report(other, 8);
  assert.equal(await completed(), true);
});

test('a write is completed with as many replicas as the factor says, and with none fewer', async () => {
  const { clock, report, completed } = start('Active', 2);
  let isCompleted = false;
  report(self, 7);
  report(other, 6);
  const completion = completed().then(() => {
    isCompleted = true;
  });
  await clock.advance(10 * GRACE_MS);
  assert.equal(isCompleted, false);
  report(other, 7);
  await completion;
});

test('a write for every replica is not completed with fewer than the factor where one is Dead', async () => {
  const { clock, report, completed } = start('Dead', 2);
  let isCompleted = false;
  report(self, 7);
  report(other, 7);
  void completed(true).then(() => {
    isCompleted = true;
  });
  await clock.advance(10 * GRACE_MS);
  assert.equal(isCompleted, false);
});

test('a silent replica that is behind delays no write, and is not taken for one that has the write', async () => {
  const { clock, report, completed } = start('Active');
  report(other, 6);
  await clock.advance(SILENT_AFTER_MS + 1);
  report(self, 7);
  assert.equal(await completed(), false);
});

test('a Dead replica that is behind is not taken for one that has the write: it may be Active in a moment', async () => {
  const { report, completed } = start('Dead');
  report(self, 7);
  report(other, 6);
  assert.equal(await completed(), false);
});

test('a live replica that is behind is waited for, for the grace at most', async () => {
  const { clock, report, completed } = start('Active');
  report(self, 7);
  report(other, 6);
  const soon = completed();
  await clock.advance(GRACE_MS / 2);
  report(other, 7);
  assert.equal(await soon, true);
  report(other, 6);
  const late = completed();
  await clock.advance(GRACE_MS + 1);
  assert.equal(await late, false);
});

test('a replica that has stopped applying delays no one', async () => {
  const { report, completed } = start('Active');
  report(self, 7);
  report(other, 6, { haltedNeeds: 'transfer' });
  assert.equal(await completed(), false);
  const again = start('Active');
  again.report(self, 7);
  again.report(other, 6, { haltedNeeds: 'rebuild' });
  again.report(other, 6);
  let isCompleted = false;
  void again.completed().then(() => {
    isCompleted = true;
  });
  await again.clock.advance(GRACE_MS / 2);
  assert.equal(isCompleted, false, 'it goes on');
});

test('a replica is not taken for one that has the write because it says it lacks nothing up to there', async () => {
  const { report, completed } = start('Dead');
  report(self, 7);
  report(other, 6, { coveredSequence: sequence(9) });
  assert.equal(await completed(), false);
});

test('replicas that are not Active delay no one and do not count towards the factor', async () => {
  for (const state of ['Partial', 'Recovery', 'Initializing', 'Dead'] as const) {
    const { report, completed } = start(state);
    report(self, 7);
    report(other, 6);
    assert.equal(await completed(), false, state);
    assert.equal(await completed(true), false, state);
    const strict = start(state, 2);
    strict.report(self, 7);
    strict.report(other, 7);
    let isCompleted = false;
    void strict.completed().then(() => {
      isCompleted = true;
    });
    await strict.clock.advance(10 * GRACE_MS);
    assert.equal(isCompleted, false, state);
  }
});

test('an Active replica that is more than a second behind delays no one', async () => {
  const { clock, report, completed } = start('Active');
  report(other, 2);
  report(self, 6);
  await clock.advance(1_100);
  report(other, 3);
  await clock.advance(1_100);
  report(self, 7);
  assert.equal(await completed(), false);
});
