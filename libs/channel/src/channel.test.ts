import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TributaryError } from '@tributary/runtime';
import { decodeFrames, encodeFrames, FRAME, type FrameKind, NO_BYTES } from './frames.ts';
import {
  type AnswerCall,
  BODY_BYTES_MAX,
  Channel,
  type IncomingCall,
  WINDOW_BYTES,
} from './index.ts';
import { memoryPorts } from './memory-ports.ts';

const bytes = (text: string) => Buffer.from(text);
const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString();
const gone = new TributaryError('unavailable', 'the other end is gone');

/** Two ends of a channel, the second of which answers; `seen` has the kinds of all frames that were sent. */
function start(answer: AnswerCall, isPassed: (message: Uint8Array) => boolean = () => true) {
  const seen: FrameKind[] = [];
  const sizes: number[] = [];
  const [near, far] = memoryPorts((message) => {
    sizes.push(message.length);
    seen.push(...decodeFrames(message).map(({ kind }) => kind));
    return isPassed(message);
  });
  const closed: TributaryError[] = [];
  const onClosed = (reason: TributaryError) => closed.push(reason);
  const asking = new Channel(near, { name: 'far', onClosed });
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => bugs.push(error);
  const answering = new Channel(far, { name: 'near', answer, onBug });
  return { asking, answering, near, far, seen, sizes, closed, bugs };
}

async function turns(count = 6): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

const times = (kind: FrameKind, seen: readonly FrameKind[]) =>
  seen.filter((each) => each === kind).length;

/** Answers by parts without end; `left` is the error for which it stops. */
function sendingForever(partBytes: number) {
  const { promise: left, resolve } = Promise.withResolvers<unknown>();
  const answer = async (call: IncomingCall): Promise<Uint8Array> => {
    try {
      for (;;) await call.send(new Uint8Array(partBytes));
    } catch (error) {
      resolve(error);
      throw error;
    }
  };
  return { left, answer };
}

test('a call is answered, at once or later, in one part or several', async () => {
  const { asking } = start((call) => {
    if (call.method === 0) return call.request;
    return (async () => {
      await call.send(bytes('a'));
      await nextTurn();
      await call.send(bytes('b'));
      return bytes('c');
    })();
  });
  assert.equal(text(await asking.call(0, bytes('echo'))), 'echo');
  assert.deepEqual((await asking.call(1, NO_BYTES)).map(String), ['97', '98', '99']);
});

test('a thousand calls of one turn go in one message, answers come as they are ready', async () => {
  const { asking, sizes } = start(({ request }) => {
    const number = Number(text([request]));
    if (number % 2 === 0) return request;
    return turns(number % 3).then(() => request);
  });
  const calls = Array.from({ length: 1_000 }, (_, i) => asking.call(0, bytes(`${i}`)));
  const answers = await Promise.all(calls);
  assert.deepEqual(
    answers.map((parts) => Number(text(parts))),
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  assert.ok(sizes.length < 10, `${sizes.length} messages for a thousand calls`);
});

test('an error keeps its code and text, and its cause says who answered', async () => {
  const refusing: AnswerCall = ({ method }) => {
    const error = new TributaryError('not_found', 'no shard 1\nhere');
    if (method === 0) throw error;
    return Promise.reject(method === 1 ? error : new Error('a bug'));
  };
  const { asking, bugs } = start(refusing);
  for (const method of [0, 1]) {
    await assert.rejects(asking.call(method, NO_BYTES), (error: TributaryError) => {
      assert.equal(error.code, 'not_found');
      assert.equal(error.message, 'no shard 1\nhere');
      assert.match(String(error.cause), /answered by far/);
      return true;
    });
  }
  assert.deepEqual(bugs, []);
  await assert.rejects(asking.call(2, NO_BYTES), { code: 'internal', message: 'a bug' });
  assert.deepEqual(bugs.map(String), ['Error: a bug']);
});

test('a call that is given up ends with its reason, who answers is told, and its late answer is dropped', async () => {
  const late = Promise.withResolvers<Uint8Array>();
  let signal: AbortSignal | undefined;
  const { asking, seen } = start((call) => {
    signal = call.signal;
    return late.promise;
  });
  const controller = new AbortController();
  const call = asking.call(0, NO_BYTES, { signal: controller.signal });
  await turns();
  controller.abort(new TributaryError('timeout', 'too late'));
  await assert.rejects(call, { code: 'timeout', message: 'too late' });
  await turns();
  assert.equal(signal?.aborted, true);
  late.resolve(bytes('late'));
  await turns();
  assert.equal(times(FRAME.end, seen), 0);
});

test('an answer that is lost ends by the signal of its call, or with the channel', async () => {
  const isAnswer = (message: Uint8Array) =>
    decodeFrames(message).some(({ kind }) => kind === FRAME.end);
  const { asking } = start(
    ({ request }) => request,
    (message) => !isAnswer(message),
  );
  const controller = new AbortController();
  const timed = asking.call(0, bytes('x'), { signal: controller.signal });
  const untimed = asking.call(0, bytes('x'));
  await turns();
  controller.abort(new TributaryError('timeout', 'late'));
  await assert.rejects(timed, { code: 'timeout' });
  asking.close(gone);
  await assert.rejects(untimed, { code: 'unavailable', message: gone.message });
  await assert.rejects(asking.call(0, NO_BYTES), { message: gone.message });
});

test('an answer that comes twice, late or to no call is dropped', async () => {
  const [near, far] = memoryPorts();
  const asking = new Channel(near, { name: 'far' });
  const calls: number[] = [];
  const answer = (number: number) => ({ number, kind: FRAME.end, method: 0, body: bytes('y') });
  far.open({
    onMessage: (message) => {
      for (const { number, kind } of decodeFrames(message)) {
        if (kind === FRAME.call) calls.push(number);
        far.send(encodeFrames([answer(number), answer(number), answer(number + 1_000)]));
      }
    },
    onClosed: () => {},
  });
  assert.equal(text(await asking.call(0, NO_BYTES)), 'y');
  const controller = new AbortController();
  const call = asking.call(0, NO_BYTES, { signal: controller.signal });
  const aborted = assert.rejects(call, { code: 'cancelled' });
  controller.abort();
  await aborted;
  await turns();
  assert.equal(text(await asking.call(0, NO_BYTES)), 'y');
  assert.equal(new Set(calls).size, calls.length);
});

test('a stream is taken part by part, and its sender waits while nothing is taken', async () => {
  const part = new Uint8Array(WINDOW_BYTES / 8);
  let sent = 0;
  const { asking } = start(async (call) => {
    for (sent = 0; sent < 100; sent++) {
      part[0] = sent;
      await call.send(part.slice());
    }
    return NO_BYTES;
  });
  const stream = asking.stream(0, NO_BYTES);
  assert.equal((await stream.next()).value?.[0], 0);
  await turns(40);
  assert.ok(sent <= 8, `${sent} parts are under way`);
  let next = 1;
  for await (const each of stream) assert.equal(each[0], next++);
  assert.equal(next, 100);
});

test('small parts use up the window as well, and a stream of many ends', async () => {
  let sent = 0;
  const { asking } = start(async (call) => {
    for (sent = 0; sent < 5_000; sent++) await call.send(NO_BYTES);
    return NO_BYTES;
  });
  const stream = asking.stream(0, NO_BYTES);
  await stream.next();
  const before = WINDOW_BYTES / 1024;
  await turns(40);
  assert.ok(sent <= before, `${sent} parts are under way`);
  let taken = 1;
  for await (const _ of stream) taken++;
  assert.equal(taken, 5_000);
});

test('a slow stream holds up no other call', async () => {
  const { asking } = start((call) => {
    if (call.method === 0) return bytes('quick');
    return (async () => {
      for (let i = 0; i < 20; i++) await call.send(new Uint8Array(WINDOW_BYTES));
      return NO_BYTES;
    })();
  });
  const stream = asking.stream(1, NO_BYTES);
  await stream.next();
  for (let i = 0; i < 50; i++) assert.equal(text(await asking.call(0, NO_BYTES)), 'quick');
  await stream.return();
});

test('a stream that is left ends at its sender, also while that waits for room', async () => {
  const { left, answer } = sendingForever(WINDOW_BYTES);
  const { asking } = start(answer);
  for await (const _ of asking.stream(0, NO_BYTES)) break;
  assert.equal(((await left) as TributaryError).code, 'cancelled');
});

test('the end of a channel within a stream fails it, at both ends', async () => {
  const { left, answer } = sendingForever(WINDOW_BYTES / 4);
  const { asking, answering } = start(answer);
  const stream = asking.stream(0, NO_BYTES);
  await stream.next();
  answering.close(gone);
  await assert.rejects(
    async () => {
      for await (const _ of stream);
    },
    { code: 'unavailable' },
  );
  assert.equal(await left, gone);
});

test('a stream ends with the reason of its signal, or of who answers', async () => {
  const { asking } = start(async (call) => {
    await call.send(bytes('1'));
    throw new TributaryError('corrupt', 'file 2 is damaged');
  });
  const taken: string[] = [];
  const take = async (signal?: AbortSignal) => {
    for await (const part of asking.stream(0, NO_BYTES, signal)) taken.push(text([part]));
  };
  await assert.rejects(take(), { code: 'corrupt', message: 'file 2 is damaged' });
  assert.deepEqual(taken, ['1']);
  await assert.rejects(take(AbortSignal.abort()), { code: 'cancelled' });
});

test('what cannot be held ends its call, and who answers is told', async () => {
  const { left, answer } = sendingForever(WINDOW_BYTES);
  const { asking } = start(answer);
  let held = 0;
  const hold = (more: number) => {
    held += more;
    if (held > 3 * WINDOW_BYTES) throw new TributaryError('exhausted', 'no memory');
  };
  await assert.rejects(asking.call(0, NO_BYTES, { hold }), { code: 'exhausted' });
  assert.equal(((await left) as TributaryError).code, 'cancelled');
});

test('a small answer is not held, a large one wholly', async () => {
  const { asking } = start(({ method }) => new Uint8Array(method * 1_000_000));
  const held: number[] = [];
  const hold = (more: number) => held.push(more);
  await asking.call(0, NO_BYTES, { hold });
  await asking.call(1, NO_BYTES, { hold });
  assert.deepEqual(held, [1_000_000]);
});

test('a huge message goes whole; a larger one is refused, to the caller or by who answers', async () => {
  const { asking } = start(({ method, request }) =>
    method === 0 ? request : new Uint8Array(BODY_BYTES_MAX + 1),
  );
  const huge = new Uint8Array(40_000_000).fill(7);
  const [echoed] = await asking.call(0, huge);
  assert.deepEqual(Buffer.compare(echoed ?? NO_BYTES, huge), 0);
  const larger = new Uint8Array(BODY_BYTES_MAX + 1);
  await assert.rejects(asking.call(0, larger), { code: 'too_large' });
  await assert.rejects(asking.call(1, NO_BYTES), { code: 'too_large' });
});

test('many calls of one turn are cut into messages that hold no thread', async () => {
  const { asking, sizes } = start(() => NO_BYTES);
  const request = new Uint8Array(100_000);
  await Promise.all(Array.from({ length: 50 }, () => asking.call(0, request)));
  assert.ok(Math.max(...sizes) <= 1024 * 1024);
});

test('while the port has no room calls gather, and those given up meanwhile are never sent', async () => {
  const { asking, near, seen } = start(({ request }) => request);
  near.isTaking = false;
  const first = asking.call(0, bytes('first'));
  await turns();
  const controller = new AbortController();
  const { signal } = controller;
  const left = asking.call(0, NO_BYTES, { signal });
  const kept = asking.call(0, bytes('kept'));
  assert.equal(text(await first), 'first');
  controller.abort();
  await assert.rejects(left, { code: 'cancelled' });
  near.isTaking = true;
  assert.equal(text(await kept), 'kept');
  assert.equal(times(FRAME.call, seen), 2);
  assert.equal(times(FRAME.cancel, seen), 0);
});

test('so many calls are in flight and no more', async () => {
  const never = new Promise<Uint8Array>(() => {});
  const { asking } = start(() => never);
  const calls = Array.from({ length: 4_096 }, () => asking.call(0, NO_BYTES));
  await assert.rejects(asking.call(0, NO_BYTES), { code: 'unavailable', message: /far/ });
  asking.close(gone);
  const ends = await Promise.allSettled(calls);
  assert.ok(ends.every(({ status }) => status === 'rejected'));
});

test('an end that drains answers what it has taken, takes no more, and then closes', async () => {
  const held = Promise.withResolvers<Uint8Array>();
  const { asking, answering, closed } = start(() => held.promise);
  const taken = asking.call(0, NO_BYTES);
  await turns();
  const drained = answering.drain();
  const refused = assert.rejects(asking.call(0, NO_BYTES), { code: 'unavailable' });
  await turns();
  assert.equal(closed.length, 0);
  held.resolve(bytes('answer'));
  assert.equal(text(await taken), 'answer');
  await drained;
  await refused;
  assert.equal(closed.length, 1);
});

test('bytes that are no frames, and calls out of place, end the channel as corrupt at both ends', async () => {
  const call = { number: 1, kind: FRAME.call, method: 0, body: NO_BYTES };
  const twice = encodeFrames([call, call]);
  for (const message of [bytes('rubbish'), twice]) {
    const [near, far] = memoryPorts();
    const reasons: TributaryError[] = [];
    near.open({ onMessage: () => {}, onClosed: (reason) => reasons.push(reason) });
    const onClosed = (reason: TributaryError) => reasons.push(reason);
    const answer = () => new Promise<Uint8Array>(() => {});
    new Channel(far, { name: 'near', answer, onClosed });
    near.send(message);
    await turns();
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ['corrupt', 'corrupt'],
    );
  }
});

test('both ends may ask at once', async () => {
  const [near, far] = memoryPorts();
  const one = new Channel(near, { name: 'far', answer: () => bytes('one') });
  const other = new Channel(far, { name: 'near', answer: () => bytes('other') });
  const answers = await Promise.all([one.call(0, NO_BYTES), other.call(0, NO_BYTES)]);
  assert.deepEqual(answers.map(text), ['other', 'one']);
});
