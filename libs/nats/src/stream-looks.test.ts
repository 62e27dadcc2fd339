import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, FIRST_GENERATION, shardId } from '@tributary/model';
import { JetStreamWriteStreams } from './jetstream-write-streams.ts';
import { startTestServer } from './test-server.ts';

test('the head of a shard is of now though many ask at once, and few questions answer all', async () => {
  await using server = await startTestServer();
  const { connection } = server;
  const streams = new JetStreamWriteStreams({ connection, replicas: 1 });
  const stream = await streams.create(collectionId('c'));
  const [own, other] = [shardId(0), shardId(1)];
  const asked = connection.nats.subscribe('$JS.API.STREAM.INFO.wal-c');
  const opened = Array.from({ length: 20 }, () =>
    streams.open(collectionId('c'), FIRST_GENERATION),
  );
  const ask = () => Promise.all(opened.map((each) => each.shardHead(own)));
  for (let written = 0; written < 3; written++) {
    for (const { count } of [...(await ask()), ...(await ask())]) assert.equal(count, written);
    const data = new Uint8Array(1);
    await stream.append([
      { shard: own, messageId: `own ${written}`, data },
      { shard: other, messageId: `other ${written}`, data },
    ]);
  }
  await connection.nats.flush();
  const questions = asked.getReceived();
  assert.ok(questions > 0 && questions <= 12, `${questions} questions`);
});
