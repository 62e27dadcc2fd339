import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import { STUCK_MS } from '@tributary/replica-api';
import { SimulatedClock } from '@tributary/runtime';
import { MemoryReports } from '../testing/memory-reports.ts';
import { AppliedTracker } from './applied-tracker.ts';

const collection = collectionId('c');
const shard = shardId(0);
const self = peerId(1);
const other = peerId(2);

function start(waitersMax = 10) {
  const clock = new SimulatedClock();
  const reports = new MemoryReports();
  const tracker = new AppliedTracker({ self, reports, clock, silentAfterMs: 1_500, waitersMax });
  const report = (peer: typeof self, applied: number) =>
    reports.publish({
      peer,
      replicas: [{ collection, shard, appliedSequence: sequence(applied) }],
    });
  const hasApplied = (wanted: number) => () =>
    (tracker.appliedSequence(collection, shard, other) ?? 0) >= wanted;
  const wanted = (least: number) => ({
    collection,
    sequences: new Map([[shard, sequence(least)]]),
  });
  return { clock, reports, tracker, report, hasApplied, wanted };
}

const never = new AbortController().signal;

test('a waiter is resolved by the report that fulfils its condition, and by no earlier one', async () => {
  const { tracker, report, hasApplied, wanted } = start();
  let isDone = false;
  const waiting = tracker.waitUntil(wanted(5), hasApplied(5), never).then(() => {
    isDone = true;
  });
  report(other, 4);
  await Promise.resolve();
  assert.equal(isDone, false);
  report(other, 5);
  await waiting;
});

test('an announcement is a replacement, so a replica that starts over is not taken for caught up', () => {
  const { tracker, report } = start();
  report(other, 9);
  report(other, 0);
  assert.equal(tracker.appliedSequence(collection, shard, other), 0);
});

test('a busy peer is alive and said to be busy; one that is stuck is not alive', async () => {
  const { clock, reports, tracker, report } = start();
  report(other, 1);
  for (let busyMs = 0; busyMs < STUCK_MS; busyMs += 500) {
    reports.publish({ peer: other, replicas: [], busyMs });
    assert.equal(tracker.isAlive(other), true);
    assert.equal(tracker.isBusy(other), busyMs >= 500);
    await clock.advance(500);
  }
  for (let after = 0; after < 3; after++) {
    reports.publish({ peer: other, replicas: [], busyMs: STUCK_MS + 500 * after });
    await clock.advance(500);
  }
  assert.equal(tracker.isAlive(other), false);
  report(other, 1);
  assert.deepEqual([tracker.isAlive(other), tracker.isBusy(other)], [true, false]);
});

test('a peer is alive until its reports stay out, and again with the next one', async () => {
  const { clock, tracker, report } = start();
  assert.equal(tracker.isAlive(other), true, 'no report was due yet');
  await clock.advance(1_600);
  assert.equal(tracker.isAlive(other), false);
  assert.equal(tracker.isAlive(self), true);
  report(other, 1);
  assert.equal(tracker.isAlive(other), true);
});

test('what a peer may have reported unheard is asked for, once', async () => {
  const { clock, reports, report } = start();
  const asked: number[] = [];
  reports.subscribe(({ peer, asksForAll }) => {
    if (asksForAll) asked.push(peer);
  });
  const silence = async (ms: number) => {
    await clock.advance(ms);
    report(other, 1);
  };
  report(other, 1);
  const first = asked.length;
  assert.ok(first > 0 && asked.every((peer) => peer === self));
  await silence(1_400);
  assert.equal(asked.length, first);
  await silence(1_600);
  assert.ok(asked.length > first);
});

test('a replica is far behind that lacks what another had seconds ago, and no longer when it has it', async () => {
  const { clock, tracker, report } = start();
  const isFarBehind = () => tracker.isFarBehind(collection, shard, other);
  report(other, 1);
  report(self, 5);
  assert.equal(isFarBehind(), false);
  await clock.advance(900);
  report(self, 9);
  assert.equal(isFarBehind(), false);
  await clock.advance(300);
  report(self, 12);
  await clock.advance(1_100);
  assert.equal(isFarBehind(), true);
  report(other, 9);
  assert.equal(isFarBehind(), false);
});

test('a waiter ends with its signal, and makes room for another', async () => {
  const { tracker, hasApplied, wanted } = start(1);
  const controller = new AbortController();
  const waiting = tracker.waitUntil(wanted(1), hasApplied(1), controller.signal);
  await assert.rejects(tracker.waitUntil(wanted(1), hasApplied(1), never), {
    code: 'unavailable',
  });
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  const next = tracker.waitUntil(wanted(1), hasApplied(1), never);
  tracker[Symbol.dispose]();
  await assert.rejects(next, { code: 'cancelled' });
});

test('a condition that throws ends its own waiter and no other', async () => {
  const { tracker, report, hasApplied, wanted } = start();
  let isGone = false;
  const failing = tracker.waitUntil(
    wanted(1),
    () => {
      if (isGone) throw new Error('dropped');
      return false;
    },
    never,
  );
  const waiting = tracker.waitUntil(wanted(1), hasApplied(1), never);
  isGone = true;
  report(other, 1);
  await assert.rejects(failing, /dropped/);
  await waiting;
});

test('a collection that is gone is forgotten', () => {
  const { tracker, report } = start();
  report(other, 3);
  tracker.retain(new Set());
  assert.equal(tracker.appliedSequence(collection, shard, other), undefined);
});
