import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, shardId } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { encodeCall } from '@tributary/wire';
import fc from 'fast-check';
import {
  answerPeerCalls,
  joinFrames,
  PEER_CALLS_MAX,
  type ReplicaClient,
  readPeerAnswer,
  splitFrames,
} from './index.ts';

const target = (shard: number) => ({ collection: collectionId('c'), shard: shardId(shard) });

/** Counts its shard number; shard 1 does not exist. */
const counting: ReplicaClient = {
  async call(at, call) {
    if (call.kind !== 'count' || at.shard === 1) {
      throw new TributaryError('not_found', `no shard ${at.shard}\nhere`);
    }
    const answers = { count: Number(at.shard) } as never as Record<string, never>;
    return answers[call.kind] as never;
  },
};

test('frames come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (frames) => {
      const split = splitFrames(joinFrames(frames)).map((frame) => new Uint8Array(frame));
      assert.deepEqual(split, frames);
    }),
  );
});

test('a message cut short is corrupt and not read past its end', () => {
  const whole = joinFrames([new Uint8Array(5), new Uint8Array(3)]);
  for (let length = 1; length < whole.length; length++) {
    if (length === 9) continue;
    assert.throws(() => splitFrames(whole.subarray(0, length)), { code: 'corrupt' });
  }
});

test('answers come in the order of the calls, and an error keeps its code and text', async () => {
  const calls = [2, 1, 3].map((shard) => encodeCall(target(shard), { kind: 'count' }));
  const frames = splitFrames(await answerPeerCalls({ replicas: counting }, joinFrames(calls)));
  assert.equal(frames.length, 3);
  const [first, second, third] = frames;
  assert.ok(first && second && third);
  assert.equal(readPeerAnswer('count', first), 2);
  assert.throws(() => readPeerAnswer('count', second), {
    code: 'not_found',
    message: 'no shard 1\nhere',
  });
  assert.equal(readPeerAnswer('count', third), 3);
});

test('a call that cannot be read fails alone', async () => {
  const calls = [new Uint8Array([255, 255, 255]), encodeCall(target(2), { kind: 'count' })];
  const [bad, good] = splitFrames(await answerPeerCalls({ replicas: counting }, joinFrames(calls)));
  assert.ok(bad && good);
  assert.throws(() => readPeerAnswer('count', bad), { code: 'corrupt' });
  assert.equal(readPeerAnswer('count', good), 2);
});

test('a message of too many calls is refused', async () => {
  const calls = Array.from({ length: PEER_CALLS_MAX + 1 }, () => new Uint8Array(0));
  await assert.rejects(answerPeerCalls({ replicas: counting }, joinFrames(calls)), {
    code: 'too_large',
  });
});
