import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { collectionId, shardId } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { encodeCall, type ReplicaAnswers, type ReplicaCallKind } from '@tributary/wire';
import {
  joinFrames,
  numbered,
  PeerConversation,
  type ReplicaClient,
  readNumbered,
  readPeerAnswer,
  splitFrames,
} from './index.ts';

/** Answers a count when told to; the answer is the shard's number. */
class HeldReplicas implements ReplicaClient {
  readonly #held = new Map<number, () => void>();
  readonly signals: (AbortSignal | undefined)[] = [];

  async call<K extends ReplicaCallKind>(
    target: { shard: number },
    call: { kind: ReplicaCallKind },
    signal?: AbortSignal,
  ): Promise<ReplicaAnswers[K]> {
    this.signals.push(signal);
    await new Promise<void>((resolve) => this.#held.set(target.shard, resolve));
    const answers: Partial<ReplicaAnswers> = { count: target.shard };
    const answer = answers[call.kind];
    if (answer === undefined) throw new TributaryError('wrong_input', 'only counts');
    return answer as ReplicaAnswers[K];
  }

  answer(shard: number): void {
    this.#held.get(shard)?.();
  }
}

function start() {
  const replicas = new HeldReplicas();
  const events: string[] = [];
  const conversation = new PeerConversation(
    { replicas: replicas },
    {
      write: (whole) => {
        const { number, message } = readNumbered(whole);
        const [frame] = splitFrames(message);
        assert.ok(frame);
        events.push(`${number}: ${readPeerAnswer('count', frame)}`);
      },
      end: () => events.push('end'),
      fail: ({ code }) => events.push(`fail ${code}`),
    },
  );
  const ask = (number: number, shard: number) => {
    const target = { collection: collectionId('c'), shard: shardId(shard) };
    conversation.take(numbered(number, joinFrames([encodeCall(target, { kind: 'count' })])));
  };
  return { replicas, events, conversation, ask };
}

test('answers go out as they are ready, under the number of their question', async () => {
  const { replicas, events, ask } = start();
  ask(7, 1);
  ask(8, 2);
  replicas.answer(2);
  await nextTurn();
  assert.deepEqual(events, ['8: 2']);
  replicas.answer(1);
  await nextTurn();
  assert.deepEqual(events, ['8: 2', '7: 1']);
});

test('a stopped conversation answers what it has taken, then ends, and takes no more', async () => {
  const { replicas, events, conversation, ask } = start();
  ask(1, 1);
  conversation.stop();
  ask(2, 2);
  await nextTurn();
  assert.deepEqual(events, []);
  replicas.answer(1);
  await nextTurn();
  assert.deepEqual(events, ['1: 1', 'end']);
  assert.equal(replicas.signals.length, 1);
});

test('a caller that is gone gets nothing, and its calls are told so', async () => {
  const { replicas, events, conversation, ask } = start();
  ask(1, 1);
  conversation.cancel();
  assert.equal(replicas.signals[0]?.aborted, true);
  replicas.answer(1);
  await nextTurn();
  assert.deepEqual(events, []);
});

test('a message that cannot be read fails the conversation once', async () => {
  const { events, conversation } = start();
  conversation.take(Buffer.from([1, 2]));
  conversation.take(Buffer.from([1, 2]));
  await nextTurn();
  assert.deepEqual(events, ['fail corrupt']);
});
