import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from './bounded-queue.ts';

const queueOf = (itemsMax: number, bytesMax = 1_000_000) =>
  new BoundedQueue<number>({ itemsMax, bytesMax, bytesOf: (item) => item });

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

type Step = { kind: 'put' | 'offer'; bytes: number } | { kind: 'take' } | { kind: 'takeAvailable' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('put' as const, 'offer' as const), bytes: fc.nat(60) }),
    fc.record({ kind: fc.constantFrom('take' as const, 'takeAvailable' as const) }),
  ),
  { maxLength: 60 },
);

test('a queue never holds more than its limits, loses nothing and keeps the order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const [itemsMax, bytesMax] = [3, 100];
      const queue = new BoundedQueue<{ bytes: number; n: number }>({
        itemsMax,
        bytesMax,
        bytesOf: ({ bytes }) => bytes,
      });
      const accepted: number[] = [];
      const taken: number[] = [];
      const takes: Promise<unknown>[] = [];
      for (const [n, step] of plan.entries()) {
        if (step.kind === 'put') {
          void queue.put({ bytes: step.bytes, n });
          accepted.push(n);
        } else if (step.kind === 'offer') {
          if (queue.offer({ bytes: step.bytes, n })) accepted.push(n);
        } else if (step.kind === 'take') {
          takes.push(queue.take().then((item) => item && taken.push(item.n)));
        } else {
          taken.push(...queue.takeAvailable().map((item) => item.n));
        }
        assert.ok(queue.size <= itemsMax);
        assert.ok(queue.bytes <= bytesMax || queue.size === 1);
        await settle();
      }
      while (taken.length < accepted.length) {
        const item = await queue.take();
        if (item !== undefined) taken.push(item.n);
      }
      queue.close();
      await Promise.all(takes);
      assert.deepEqual(taken, accepted);
      assert.equal(queue.bytes, 0);
    }),
  );
});

test('a full queue refuses an offer and lets a put wait for room', async () => {
  const queue = queueOf(1);
  assert.ok(queue.offer(1));
  assert.ok(!queue.offer(2));
  let isIn = false;
  const putting = queue.put(3).then(() => {
    isIn = true;
  });
  await settle();
  assert.ok(!isIn);
  assert.equal(await queue.take(), 1);
  await putting;
  assert.equal(await queue.take(), 3);
});

test('nobody overtakes a producer that waits', async () => {
  const queue = queueOf(10, 100);
  await queue.put(60);
  const large = queue.put(90);
  assert.ok(!queue.offer(1));
  assert.equal(await queue.take(), 60);
  await large;
  assert.equal(await queue.take(), 90);
});

test('an item larger than the byte limit passes through an empty queue, alone', async () => {
  const queue = queueOf(10, 100);
  assert.ok(queue.offer(500));
  assert.ok(!queue.offer(1));
  assert.equal(await queue.take(), 500);
  assert.ok(queue.offer(1));
});

test('who waits leaves when the signal aborts, and lets those behind go on', async () => {
  const queue = queueOf(10, 100);
  const reason = new Error('enough');
  await queue.put(60);
  const controller = new AbortController();
  const blocking = queue.put(90, controller.signal);
  const behind = queue.put(5);
  controller.abort(reason);
  await assert.rejects(blocking, reason);
  await behind;
  assert.deepEqual(queue.takeAvailable(), [60, 5]);

  const taker = new AbortController();
  const taking = queue.take(taker.signal);
  taker.abort(reason);
  await assert.rejects(taking, reason);
  await queue.put(7);
  assert.equal(await queue.take(), 7);
  await assert.rejects(queue.put(1, taker.signal), reason);
});

test('closing rejects producers and lets consumers have what is left', async () => {
  const queue = queueOf(1);
  await queue.put(1);
  const waiting = queue.put(2);
  queue.close();
  queue.close();
  await assert.rejects(waiting, { code: 'unavailable' });
  await assert.rejects(queue.put(3), { code: 'unavailable' });
  assert.ok(!queue.offer(3));
  assert.equal(await queue.take(), 1);
  assert.equal(await queue.take(), undefined);
});

test('closing wakes a consumer that waits', async () => {
  const queue = queueOf(1);
  const taking = queue.take();
  queue.close();
  assert.equal(await taking, undefined);
});
