import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectionId, sequence, shardId } from '@tributary/model';
import type { ShardReader } from '@tributary/stream';
import { JetStreamWriteStreams } from './jetstream-write-streams.ts';
import { PullBudget } from './pull-budget.ts';
import { startTestServer } from './test-server.ts';

const READERS = 100;
const MESSAGES = 8;
const MESSAGE_BYTES = 256 * 1024;
const PULL_BYTES = 520 * 1024;
const BUDGET_BYTES = 8 * 1024 * 1024;
/** Headers, statuses and what is asked of the API. */
const OVERHEAD_BYTES = 2 * 1024 * 1024;

test('readers that catch up at once have no more on its way than the budget of their connection, and all catch up', async () => {
  await using server = await startTestServer();
  const { connection } = server;
  const sizes = { pullBytesMin: PULL_BYTES, pullBytesMax: 4 * PULL_BYTES };
  const budget = new PullBudget({ totalBytes: BUDGET_BYTES, ...sizes });
  const streams = new JetStreamWriteStreams({ connection, replicas: 1, budget });
  const stream = await streams.create(collectionId('far'));
  for (let i = 0; i < MESSAGES; i++) {
    const data = new Uint8Array(MESSAGE_BYTES).fill(i);
    await stream.append([{ shard: shardId(0), messageId: `${i}`, data }]);
  }
  const gate = Promise.withResolvers<void>();
  let taken = 0;
  const readAll = async (reader: ShardReader): Promise<number[]> => {
    const seen: number[] = [];
    const { signal } = new AbortController();
    while (seen.length < MESSAGES) {
      const messages = await reader.next({ messagesMax: 1, bytesMax: 1, waitMs: 60_000, signal });
      for (const { data } of messages) seen.push(data[0] ?? -1);
      taken += messages.length * MESSAGE_BYTES;
      // As a replica that is busy with what it got.
      await gate.promise;
    }
    return seen;
  };
  const readers = await Promise.all(
    Array.from({ length: READERS }, () => stream.openReader(shardId(0), sequence(0))),
  );
  const receivedBefore = connection.nats.stats().inBytes;
  const reading = readers.map(readAll);
  await sleep(1_500);
  const received = connection.nats.stats().inBytes - receivedBefore;
  assert.ok(taken > 0, 'some read');
  assert.ok(
    received <= BUDGET_BYTES + taken + OVERHEAD_BYTES,
    `${received} bytes came, ${taken} were taken`,
  );
  assert.ok(budget.heldBytes <= BUDGET_BYTES);
  gate.resolve();
  const expected = Array.from({ length: MESSAGES }, (_, i) => i);
  for (const seen of await Promise.all(reading)) assert.deepEqual(seen, expected);
  assert.equal(connection.connections, 1);
  for (const reader of readers) await reader.close();
  assert.equal(budget.heldBytes, 0);
});
