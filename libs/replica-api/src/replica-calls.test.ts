import assert from 'node:assert/strict';
import test from 'node:test';
import { Channel } from '@tributary/channel';
import { memoryPorts } from '@tributary/channel/memory';
import { collectionId, sequence, shardId } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { ReplicaAddress, ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';
import {
  answerReplicaCall,
  askReplica,
  type CallOf,
  type PeerHandlers,
  type ReplicaClient,
} from './index.ts';

const PAYLOAD = Buffer.from(JSON.stringify({ text: 'x'.repeat(1_000) }));
const target = (shard: number) => ({ collection: collectionId('c'), shard: shardId(shard) });

/** Counts its shard number, scrolls as many points; shard 1 does not exist. */
const replicas: ReplicaClient = {
  async call<K extends ReplicaCallKind>(at: ReplicaAddress, call: CallOf<K>) {
    if (at.shard === 1) throw new TributaryError('not_found', `no shard ${at.shard}\nhere`);
    const records = Array.from({ length: at.shard }, (_, id) => ({
      id,
      version: sequence(1),
      payload: PAYLOAD,
    }));
    const answers: Partial<ReplicaAnswers> = { count: at.shard, scroll: records };
    const kind: K = call.kind;
    return answers[kind] as ReplicaAnswers[K];
  },
};

function start(handlers: Pick<PeerHandlers, 'replicas' | 'replicasWithin'> = { replicas }) {
  const messages: number[] = [];
  const [near, far] = memoryPorts(({ length }) => messages.push(length) > 0);
  new Channel(far, { name: 'near', answer: (asked) => answerReplicaCall(handlers, asked) });
  return { channel: new Channel(near, { name: 'far' }), messages };
}

const everything = {
  kind: 'scroll' as const,
  query: { limit: 10_000, projection: { payload: { kind: 'all' }, vectors: { kind: 'none' } } },
} as const;

test('each call has its own answer, and an error keeps its code and text', async () => {
  const { channel } = start();
  const ask = (shard: number) => askReplica<'count'>(channel, target(shard), { kind: 'count' }, {});
  const [two, refused, three] = await Promise.allSettled([ask(2), ask(1), ask(3)]);
  assert.equal(two.status === 'fulfilled' && two.value, 2);
  assert.equal(three.status === 'fulfilled' && three.value, 3);
  assert.ok(refused.status === 'rejected');
  assert.equal(refused.reason.code, 'not_found');
  assert.equal(refused.reason.message, 'no shard 1\nhere');
});

test('a large answer comes in parts, which are held as they come, and is whole at the caller', async () => {
  const { channel, messages } = start();
  const held: number[] = [];
  const hold = (bytes: number) => held.push(bytes);
  const records = await askReplica<'scroll'>(channel, target(9_000), everything, { hold });
  assert.equal(records.length, 9_000);
  assert.deepEqual(
    records.map(({ id }) => id),
    Array.from({ length: 9_000 }, (_, id) => id),
  );
  assert.ok(records.every(({ payload }) => PAYLOAD.equals(payload ?? Buffer.alloc(0))));
  assert.ok(held.length > 10 && Math.max(...held) < 600_000, `${held.length} parts`);
  assert.ok(Math.max(...messages) < 1_100_000);
});

test('a call that cannot be read fails alone', async () => {
  const { channel } = start();
  await assert.rejects(channel.call(0, Uint8Array.of(255, 255, 255)), { code: 'corrupt' });
  assert.equal(await askReplica<'count'>(channel, target(2), { kind: 'count' }, {}), 2);
});

test('a call within a span is answered within it', async () => {
  const spans: string[] = [];
  const replicasWithin = (traceparent: string) => {
    spans.push(traceparent);
    return replicas;
  };
  const { channel } = start({ replicas, replicasWithin });
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  await askReplica<'count'>(channel, target(2), { kind: 'count' }, { traceparent });
  await askReplica<'count'>(channel, target(2), { kind: 'count' }, {});
  assert.deepEqual(spans, [traceparent]);
});
