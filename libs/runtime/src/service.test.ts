import assert from 'node:assert/strict';
import test from 'node:test';
import { TributaryError } from './error.ts';
import { silentLogger } from './logger.ts';
import { runServiceLoop } from './service.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** Runs a loop whose random part is always at its longest, so that the back-off is what the bounds say. */
function start(body: (run: number) => Promise<void>, clock = new SimulatedClock()) {
  const controller = new AbortController();
  const runsAtMs: number[] = [];
  const done = runServiceLoop(
    async () => {
      runsAtMs.push(clock.monotonicMs());
      await body(runsAtMs.length);
    },
    {
      name: 'test',
      clock,
      random: { next: () => 1, integer: () => 0, id: () => '' },
      logger: silentLogger,
      signal: controller.signal,
      backoffMinMs: 100,
      backoffMaxMs: 400,
      healthyAfterMs: 5_000,
    },
  );
  done.catch(() => {});
  return { clock, controller, runsAtMs, done };
}

const unavailable = () => new TributaryError('unavailable', 'not now');

test('a failure that may pass is retried, each time later, up to the bound', async () => {
  const loop = start(async () => {
    throw unavailable();
  });
  await loop.clock.advance(1_600);
  assert.deepEqual(loop.runsAtMs, [0, 100, 300, 700, 1_100, 1_500]);
  loop.controller.abort();
  await loop.done;
});

test('a run that lasted makes the next failure a first one again', async () => {
  const clock = new SimulatedClock();
  const loop = start(async (run) => {
    if (run === 3) await clock.sleep(6_000);
    throw unavailable();
  }, clock);
  await clock.advance(6_500);
  assert.deepEqual(loop.runsAtMs.slice(0, 4), [0, 100, 300, 6_400]);
  loop.controller.abort();
  await loop.done;
});

test('a failure that will not pass ends the loop and surfaces', async () => {
  for (const error of [new TributaryError('corrupt', 'broken'), new TypeError('a bug')]) {
    const loop = start(async () => {
      throw error;
    });
    await assert.rejects(loop.done, error);
    assert.equal(loop.runsAtMs.length, 1);
  }
});

test('stopping ends the loop without an error, in a run and in a back-off', async () => {
  const inBackoff = start(async () => {
    throw unavailable();
  });
  await inBackoff.clock.advance(10);
  inBackoff.controller.abort();
  await inBackoff.done;

  const { promise, reject } = Promise.withResolvers<void>();
  const inRun = start(() => promise);
  await inRun.clock.advance(10);
  inRun.controller.abort();
  reject(new Error('the connection was closed under the run'));
  await inRun.done;
});
