import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, sequence, shardId } from '@tributary/model';
import { Arrivals } from './arrivals.ts';
import { JetStreamWriteStreams } from './jetstream-write-streams.ts';
import { PullBudget } from './pull-budget.ts';
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
    budget: new PullBudget({ totalBytes: 2 << 20, pullBytesMin: 1 << 20, pullBytesMax: 1 << 20 }),
    rest: {
      arrivals: new Arrivals(connection),
      head: () => stream.head(),
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

test('what is written while a reader goes to rest is not missed', async () => {
  await using server = await startTestServer();
  const { connection } = server;
  const stream = await new JetStreamWriteStreams({ connection, replicas: 1 }).create(
    collectionId('gap'),
  );
  const append = (id: string) =>
    stream.append([{ shard: shardId(0), messageId: id, data: new TextEncoder().encode(id) }]);
  const { sequence: first } = await append('before');
  const look = stream.shardHead.bind(stream);
  stream.shardHead = async (shard) => {
    const head = await look(shard);
    await append('between');
    return head;
  };
  await using reader = await stream.openReader(shardId(0), first);
  const { signal } = new AbortController();
  const [message] = await reader.next({ messagesMax: 10, bytesMax: 1e6, waitMs: 2_000, signal });
  assert.equal(new TextDecoder().decode(message?.data), 'between');
});

test('what another look has found ends the rest of a reader that did not hear of it', async (context) => {
  await using server = await startTestServer();
  const { connection } = server;
  context.mock.method(Arrivals.prototype, 'onNext', () => ({ [Symbol.dispose]: () => {} }));
  const stream = await new JetStreamWriteStreams({ connection, replicas: 1 }).create(
    collectionId('unheard'),
  );
  const append = (id: string) =>
    stream.append([{ shard: shardId(0), messageId: id, data: new TextEncoder().encode(id) }]);
  const look = stream.shardHead.bind(stream);
  let looks = 0;
  stream.shardHead = async (shard) => {
    const head = await look(shard);
    // Learnt by others before this look has come to the reader it is for.
    if (looks++ === 0) {
      await append('unheard');
      await look(shard);
    }
    return head;
  };
  await using reader = await stream.openReader(shardId(0), sequence(0));
  const { signal } = new AbortController();
  const read = () => reader.next({ messagesMax: 10, bytesMax: 1e6, waitMs: 2_000, signal });
  assert.equal(new TextDecoder().decode((await read())[0]?.data), 'unheard');
  await append('later');
  await stream.shardHead(shardId(0));
  assert.equal(new TextDecoder().decode((await read())[0]?.data), 'later');
});
