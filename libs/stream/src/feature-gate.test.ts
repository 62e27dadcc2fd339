import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, FIRST_GENERATION, shardId } from '@tributary/model';
import { encodeEntry } from '@tributary/wire';
import { gatedStreams } from './feature-gate.ts';
import { cutIntoMessages } from './fragments.ts';
import { MemoryWriteStreams } from './memory.ts';

const COLLECTION = collectionId('c');

function message(messageId: string, level: number) {
  const data = encodeEntry({ operationId: messageId, timeMs: 1, operations: [] }, level);
  return { shard: shardId(0), messageId, data };
}

test('what an older peer does not know is written once the cluster is at its level, not before', async () => {
  let level = 1;
  const streams = gatedStreams(new MemoryWriteStreams(), () => level);
  for (const stream of [
    await streams.create(COLLECTION),
    streams.open(COLLECTION, FIRST_GENERATION),
  ]) {
    level = 1;
    const { lastSequence } = await stream.head();
    await stream.append([message(`known-${lastSequence}`, 1)]);
    const mixed = [message(`with-${lastSequence}`, 1), message(`later-${lastSequence}`, 2)];
    await assert.rejects(stream.append(mixed), {
      code: 'precondition_failed',
      message: /takes feature level 2, and the cluster is at 1/,
    });
    assert.equal((await stream.head()).lastSequence, lastSequence + 1);
    level = 2;
    await stream.append(mixed);
    assert.equal((await stream.head()).lastSequence, lastSequence + 3);
  }
});

test('an entry of several messages is held back by the level of the whole', async () => {
  let level = 1;
  const streams = gatedStreams(new MemoryWriteStreams(), () => level);
  const stream = await streams.create(COLLECTION);
  const entry = { operationId: 'large', timeMs: 1, operations: [] };
  const messages = cutIntoMessages(encodeEntry(entry, 2), 12).map((data, index) => ({
    shard: shardId(0),
    messageId: `large.${index}`,
    data,
  }));
  assert.ok(messages.length > 2);
  await assert.rejects(stream.append(messages), { code: 'precondition_failed' });
  assert.equal((await stream.head()).lastSequence, 0);
  level = 2;
  await stream.append(messages);
  assert.equal((await stream.head()).lastSequence, messages.length);
});
