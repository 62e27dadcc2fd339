import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, shardId } from '@tributary/model';
import type { ReplicaClient } from '@tributary/replica-api';
import { SimulatedClock, TributaryError } from '@tributary/runtime';
import { FreshnessGuard } from './freshness-guard.ts';

const target = { collection: collectionId('c'), shard: shardId(0) };

/** Counts 1 before it has caught up, 2 afterwards. */
function replicas() {
  const state = { caughtUp: 0, fails: false, isOnly: false };
  const client: ReplicaClient = {
    call: async () => (state.caughtUp > 0 ? 2 : 1) as never,
  };
  const catchUp = async () => {
    if (state.fails) throw new TributaryError('unavailable', 'no leader');
    state.caughtUp++;
  };
  return { state, guarded: { client, catchUp, isOnlyReplica: () => state.isOnly } };
}

test('the first call after a start waits until the replica has caught up, later ones do not', async () => {
  const { state, guarded } = replicas();
  const clock = new SimulatedClock();
  const guard = new FreshnessGuard(guarded, clock);
  await clock.advance(900);
  assert.equal(await guard.call<'count'>(target, { kind: 'count' }), 2);
  assert.equal(await guard.call<'count'>(target, { kind: 'count' }), 2);
  assert.equal(state.caughtUp, 1);
});

test('after a start a replica whose stream has no leader answers with what it has', async () => {
  const { state, guarded } = replicas();
  const clock = new SimulatedClock();
  const catchUp = () => new Promise<never>(() => {});
  const guard = new FreshnessGuard({ ...guarded, catchUp }, clock);
  const answer = guard.call<'count'>(target, { kind: 'count' });
  await clock.advance(1_000);
  assert.equal(await answer, 1);
  assert.equal(state.caughtUp, 0);
});

test('a replica that is only opening after a start is asked again at the next call', async () => {
  const { state, guarded } = replicas();
  const guard = new FreshnessGuard(guarded, new SimulatedClock());
  state.fails = true;
  await assert.rejects(guard.call<'count'>(target, { kind: 'count' }), { code: 'unavailable' });
  state.fails = false;
  assert.equal(await guard.call<'count'>(target, { kind: 'count' }), 2);
});

test('the first call after a stall waits until the replica has caught up, later ones do not', async () => {
  const { state, guarded } = replicas();
  const clock = new SimulatedClock();
  const guard = new FreshnessGuard(guarded, clock);
  await clock.advance(5_000);
  assert.equal(await guard.call<'count'>(target, { kind: 'count' }), 2);
  assert.equal(await guard.call<'count'>(target, { kind: 'count' }), 2);
  assert.equal(state.caughtUp, 1);
});

test('a replica that cannot catch up refuses, and is tried again at the next call', async () => {
  const { state, guarded } = replicas();
  const clock = new SimulatedClock();
  const guard = new FreshnessGuard(guarded, clock);
  state.fails = true;
  await clock.advance(5_000);
  await assert.rejects(guard.call<'count'>(target, { kind: 'count' }), { code: 'unavailable' });
  state.fails = false;
  assert.equal(await guard.call<'count'>(target, { kind: 'count' }), 2);
});

test('the only replica of a shard answers at once after a stall, though not after a start', async () => {
  const { state, guarded } = replicas();
  const clock = new SimulatedClock();
  const guard = new FreshnessGuard(guarded, clock);
  state.isOnly = true;
  await clock.advance(5_000);
  await guard.call<'count'>(target, { kind: 'count' });
  assert.equal(state.caughtUp, 1, 'it has not been asked since the start');
  await clock.advance(5_000);
  state.fails = true;
  assert.equal(await guard.call<'count'>(target, { kind: 'count' }), 2);
  state.isOnly = false;
  await clock.advance(5_000);
  await assert.rejects(guard.call<'count'>(target, { kind: 'count' }), { code: 'unavailable' });
});
