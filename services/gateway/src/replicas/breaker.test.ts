import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/runtime';
import { Breaker } from './breaker.ts';

const fails = (code: 'unavailable' | 'wrong_input') => () =>
  Promise.reject(new TributaryError(code, 'no'));

async function failing(resetTimeoutMs: number): Promise<Breaker> {
  const breaker = new Breaker({ name: 'x', inFlightMax: 10, resetTimeoutMs });
  for (let i = 0; i < 5; i++) {
    await assert.rejects(breaker.run(fails('unavailable')), { code: 'unavailable' });
  }
  return breaker;
}

test('outages open it: what is asked then is refused at once', async () => {
  const breaker = await failing(3_600_000);
  assert.equal(breaker.isOpen, true);
  await assert.rejects(
    breaker.run(async () => 1),
    {
      code: 'unavailable',
      message: 'x is out of reach',
    },
  );
  breaker.close();
});

test('an answer after the pause closes it again', async () => {
  const breaker = await failing(1);
  await sleep(20);
  assert.equal(await breaker.run(async () => 1), 1);
  assert.equal(breaker.isOpen, false);
  breaker.close();
});

test('a dependency that refuses what it is asked is well', async () => {
  const breaker = new Breaker({ name: 'x', inFlightMax: 10, resetTimeoutMs: 50 });
  for (let i = 0; i < 20; i++) {
    await assert.rejects(breaker.run(fails('wrong_input')), { code: 'wrong_input' });
  }
  assert.equal(breaker.isOpen, false);
  breaker.close();
});

test('callers that give up before there is an answer say nothing of the dependency', async () => {
  const breaker = new Breaker({ name: 'x', inFlightMax: 10, resetTimeoutMs: 3_600_000 });
  const reason = new TributaryError('timeout', 'enough');
  for (let i = 0; i < 20; i++) {
    const asked = breaker.run(() => Promise.reject(reason), AbortSignal.abort(reason));
    await assert.rejects(asked, reason);
  }
  assert.equal(breaker.isOpen, false);
  breaker.close();
});

test('one call more than allowed in flight is refused at once', async () => {
  const breaker = new Breaker({ name: 'x', inFlightMax: 1, resetTimeoutMs: 50 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = breaker.run(() => promise);
  await assert.rejects(
    breaker.run(async () => {}),
    {
      code: 'unavailable',
      message: 'x: too many calls in flight',
    },
  );
  resolve();
  await first;
  breaker.close();
});
