import assert from 'node:assert/strict';
import test from 'node:test';
import {
  atOnce,
  endInSlices,
  endWithinSlice,
  inSlices,
  nextSlice,
  SLICE_MS,
  type Steps,
} from './slices.ts';

/** Busy for so long. */
function spend(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

function* stepsOf(count: number, ms: number): Generator<number> {
  for (let i = 0; i < count; i++) {
    spend(ms);
    yield i;
  }
}

test('other work has its turn between slices, one slice of all long works at a time', async () => {
  const taken: string[] = [];
  let turns = 0;
  let isOver = false;
  const watch = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
  })();
  const work = (name: string) => inSlices(stepsOf(40, 1), () => taken.push(name));
  await Promise.all(['a', 'b', 'c'].map(work));
  isOver = true;
  await watch;
  assert.equal(taken.length, 120);
  // 120 steps of at least 1 ms each, of which a slice holds as many as begin within its time.
  assert.ok(turns >= 120 / (SLICE_MS + 1), `${turns} turns`);
  const firstEnd = taken.lastIndexOf('a');
  assert.ok(taken.indexOf('c') < firstEnd, 'no work waits for the end of another');
});

test('slices are given in the order in which they are asked for', async () => {
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((i) => nextSlice().then(() => order.push(i))));
  assert.deepEqual(order, [1, 2, 3]);
});

function* countTo(count: number, ms: number): Steps<number> {
  for (let i = 0; i < count; i++) {
    spend(ms);
    yield undefined;
  }
  return count;
}

test('work in steps ends at once where it is small, and lets other work between where it is large', async () => {
  await nextSlice();
  assert.equal(endInSlices(countTo(3, 0)), 3);
  let turns = 0;
  const watch = setInterval(() => turns++, 1);
  assert.equal(await endInSlices(countTo(60, 1)), 60);
  clearInterval(watch);
  assert.ok(turns >= 60 / (SLICE_MS + 1) / 2, `${turns} turns`);
  assert.throws(() => atOnce(failing()), /broken/);
  await assert.rejects(async () => endInSlices(failing()), /broken/);
});

function* failing(): Steps<number> {
  spend(2 * SLICE_MS);
  yield undefined;
  throw new Error('broken');
}

test('work that does not end within a slice is given up, and lets go of what it holds', () => {
  assert.deepEqual(endWithinSlice(countTo(3, 0)), { result: 3 });
  let isOpen = true;
  const holding = function* (): Steps<number> {
    try {
      return yield* countTo(60, 1);
    } finally {
      isOpen = false;
    }
  };
  const startedMs = performance.now();
  assert.equal(endWithinSlice(holding()), undefined);
  assert.ok(performance.now() - startedMs < 60, 'not all of it was done');
  assert.equal(isOpen, false);
});
