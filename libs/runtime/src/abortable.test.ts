import assert from 'node:assert/strict';
import test from 'node:test';
import { abortable } from './abortable.ts';

test('a promise settles as it does, or with the reason of the signal as soon as that aborts', async () => {
  const given = new AbortController();
  assert.equal(await abortable(Promise.resolve(1), given.signal), 1);
  await assert.rejects(abortable(Promise.reject(new Error('its own')), given.signal), /its own/);
  const waiting = abortable(new Promise(() => {}), given.signal);
  given.abort(new Error('given up'));
  await assert.rejects(waiting, /given up/);
});

test('what fails after its signal has aborted does not end the process', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const failing = Promise.withResolvers<never>();
    const signal = AbortSignal.abort(new Error('given up'));
    await assert.rejects(abortable(failing.promise, signal), /given up/);
    failing.reject(new Error('no one waits'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
  } finally {
    process.off('unhandledRejection', note);
  }
});
