import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, sequence, shardId } from '@tributary/model';
import { writeStreamConformance } from './conformance.ts';
import { type AppendFate, MemoryWriteStreams } from './memory.ts';

writeStreamConformance('memory', async () => {
  const streams = new MemoryWriteStreams();
  return {
    streams,
    deadLetterCount: async (collection) =>
      streams.deadLetters.filter((letter) => letter.collection === collection).length,
    [Symbol.asyncDispose]: async () => {},
  };
});

const COLLECTION = collectionId('c');
const SHARD = shardId(0);

function options() {
  const { signal } = new AbortController();
  return { messagesMax: 10, bytesMax: 1e6, waitMs: 0, signal };
}

test('a lost message stops a reader; lost silently, only the count shows it', async () => {
  const streams = new MemoryWriteStreams();
  const stream = await streams.create(COLLECTION);
  for (const messageId of ['1', '2', '3']) {
    await stream.append([{ shard: SHARD, messageId, data: new Uint8Array(1) }]);
  }
  streams.lose(COLLECTION, sequence(2));
  const reader = await stream.openReader(SHARD, sequence(0));
  assert.deepEqual(
    (await reader.next(options())).map((m) => m.sequence),
    [1],
  );
  await assert.rejects(reader.next(options()), { code: 'corrupt' });
  streams.lose(COLLECTION, sequence(3), { silent: true });
  assert.equal((await stream.shardHead(SHARD)).count, 1);
});

test('each injected fate of an append does what it says', async () => {
  let fate: AppendFate = 'ok';
  const streams = new MemoryWriteStreams({ faults: { append: () => fate } });
  const stream = await streams.create(COLLECTION);
  const append = (messageId: string) =>
    stream.append([{ shard: SHARD, messageId, data: new Uint8Array(1) }]);
  fate = 'unknownWritten';
  await assert.rejects(append('a'), { code: 'unknown_outcome' });
  fate = 'unknownLost';
  await assert.rejects(append('b'), { code: 'unknown_outcome' });
  fate = 'unavailable';
  await assert.rejects(append('c'), { code: 'unavailable' });
  fate = 'ok';
  assert.deepEqual(await append('a'), { sequence: 1, duplicate: true });
  assert.equal((await stream.head()).lastSequence, 1);
});
