import assert from 'node:assert/strict';
import test from 'node:test';
import { abortable } from './abortable.ts';
import { startDeadline } from './deadline.ts';
import { SimulatedClock } from './simulated-clock.ts';

test('a deadline aborts as a timeout when its time is up, not before', async () => {
  const clock = new SimulatedClock();
  using deadline = startDeadline(clock, 100, undefined, 'search');
  await clock.advance(99);
  assert.ok(!deadline.signal.aborted);
  await clock.advance(1);
  assert.equal(deadline.signal.reason.code, 'timeout');
  assert.equal(deadline.signal.reason.message, 'search took longer than 100 ms');
});

test('a deadline aborts with its parent, and for its reason', async () => {
  const clock = new SimulatedClock();
  const parent = new AbortController();
  using deadline = startDeadline(clock, 100, parent.signal);
  const reason = new Error('client went away');
  parent.abort(reason);
  assert.equal(deadline.signal.reason, reason);
  using late = startDeadline(clock, 100, parent.signal);
  assert.equal(late.signal.reason, reason);
  await clock.advance(1_000);
  assert.equal(deadline.signal.reason, reason);
});

test('a deadline that is disposed of leaves no timer behind and never aborts', async () => {
  const clock = new SimulatedClock();
  const parent = new AbortController();
  const deadline = startDeadline(clock, 100, parent.signal);
  deadline[Symbol.dispose]();
  assert.equal(clock.nextDueMs, undefined);
  await clock.advance(1_000);
  parent.abort();
  assert.ok(!deadline.signal.aborted);
});

test('a promise can be left when a signal aborts', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  assert.equal(await abortable(Promise.resolve(1), controller.signal), 1);
  const failure = new Error('its own');
  await assert.rejects(abortable(Promise.reject(failure), controller.signal), failure);
  const never = abortable(new Promise(() => {}), controller.signal);
  controller.abort(reason);
  await assert.rejects(never, reason);
  await assert.rejects(abortable(Promise.resolve(1), controller.signal), reason);
});
