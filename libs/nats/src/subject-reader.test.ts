import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, sequence, shardId } from '@tributary/model';
import { Arrivals } from './arrivals.ts';
import { JetStreamWriteStreams } from './jetstream-write-streams.ts';
import { SubjectReader } from './subject-reader.ts';
import { startTestServer } from './test-server.ts';

test('a reader of which nothing comes has no consumer, and reads on when something does', async () => {
  await using server = await startTestServer();
  const { connection } = server;
  const stream = await new JetStreamWriteStreams({ connection, replicas: 1 }).create(
    collectionId('idle'),
  );
  const append = (id: string) =>
    stream.append([{ shard: shardId(0), messageId: id, data: new TextEncoder().encode(id) }]);
  const manager = await connection.manager();
  const consumers = async () => (await manager.streams.info('wal-idle')).state.consumer_count;
  const reader = new SubjectReader({
    connection,
    stream: 'wal-idle',
    subjects: ['wal.idle.1.0', 'wal.idle.1.all'],
    after: sequence(0),
    pullBytes: () => 1 << 20,
    rest: {
      arrivals: new Arrivals(connection),
      head: () => stream.head(),
      isCaughtUp: false,
      afterMs: 100,
    },
  });
  const { signal } = new AbortController();
  const read = (waitMs: number) => reader.next({ messagesMax: 10, bytesMax: 1e6, waitMs, signal });
  for (const id of ['first', 'second', 'third']) {
    await append(id);
    assert.deepEqual(
      (await read(5_000)).map(({ data }) => new TextDecoder().decode(data)),
      [id],
    );
    assert.equal(await consumers(), 1);
    for (let look = 0; (await consumers()) > 0; look++) {
      assert.ok(look < 50, 'the consumer goes');
      assert.deepEqual(await read(100), []);
    }
    assert.deepEqual(await read(50), []);
  }
  reader.close();
});
