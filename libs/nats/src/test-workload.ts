// Writers and a reader for tests that break servers under them: every write has a number of its own, so what was
// acknowledged can be compared with what is in the stream.

import assert from 'node:assert/strict';
import { collectionId, sequence, shardId } from '@tributary/model';
import { systemClock, systemRandom, TributaryError } from '@tributary/runtime';
import { BatchingAppender, type StreamMessage, type WriteStream } from '@tributary/stream';
import { decodeEntry } from '@tributary/wire';

export const COLLECTION = collectionId('chaos');

const SHARDS = [shardId(0), shardId(1)] as const;
const PAYLOAD = new Uint8Array(2_000).fill(32);
const READ = { messagesMax: 500, bytesMax: 4_000_000, waitMs: 200 };
const SETTLE_MS = 60_000;

/** Resolves once so many writes more are acknowledged; how long that takes is the machine's affair. */
export type UntilWritten = (count: number) => Promise<void>;

export interface WorkloadResult {
  readonly acknowledged: number;
  readonly unknown: number;
}

/**
 * Writes to two shards at once from several writers while `disturb` runs, then reads everything with readers that were
 * open all the time, and again with new ones. Asserts: no acknowledged write lost, none twice, both readings equal.
 */
export async function runWorkload(
  stream: WriteStream,
  disturb: (untilWritten: UntilWritten) => Promise<void>,
): Promise<WorkloadResult> {
  const reading = new AbortController();
  const live = SHARDS.map((shard) => follow(stream, shard, reading.signal));
  try {
    const { acknowledged, unknown } = await write(stream, disturb);
    const stored = await readAll(stream);
    const deadline = systemClock.monotonicMs() + SETTLE_MS;
    while (live.some(({ messages }, i) => messages.length < (stored[i]?.length ?? 0))) {
      assert.ok(systemClock.monotonicMs() < deadline, 'the open readers catch up');
      await systemClock.sleep(50);
    }
    for (const [i, { messages }] of live.entries()) {
      assert.deepEqual(
        messages.map((message) => message.sequence),
        stored[i]?.map((message) => message.sequence),
      );
      assertWrites(messages, acknowledged, unknown);
    }
    return { acknowledged: acknowledged.size, unknown: unknown.size };
  } finally {
    // Also where something failed: an open reader would keep the process.
    reading.abort();
    await Promise.all(live.map(({ done }) => done));
  }
}

async function write(stream: WriteStream, disturb: (untilWritten: UntilWritten) => Promise<void>) {
  const appender = new BatchingAppender({ stream, clock: systemClock, random: systemRandom });
  const acknowledged = new Set<number>();
  const unknown = new Set<number>();
  let isOver = false;
  let next = 0;
  const writer = async () => {
    while (!isOver) {
      const id = next++;
      const points = [{ id, vectors: {}, payload: PAYLOAD }];
      const parts = SHARDS.map((shard) => ({
        shard,
        operations: [{ kind: 'upsert' as const, points }],
      }));
      try {
        await appender.append(parts);
        acknowledged.add(id);
      } catch (error) {
        assert.ok(error instanceof TributaryError, String(error));
        if (error.code === 'unknown_outcome') unknown.add(id);
        else assert.equal(error.code, 'unavailable', error.message);
      }
    }
  };
  const untilWritten = async (count: number) => {
    const wanted = acknowledged.size + count;
    const deadline = systemClock.monotonicMs() + SETTLE_MS;
    while (acknowledged.size < wanted) {
      assert.ok(systemClock.monotonicMs() < deadline, 'writes go on');
      await systemClock.sleep(10);
    }
  };
  const writers = Array.from({ length: 8 }, writer);
  try {
    await disturb(untilWritten);
  } finally {
    isOver = true;
    await Promise.all(writers);
    await appender.close();
  }
  return { acknowledged, unknown };
}

function follow(stream: WriteStream, shard: (typeof SHARDS)[number], signal: AbortSignal) {
  const messages: StreamMessage[] = [];
  const run = async () => {
    await using reader = await stream.openReader(shard, sequence(0));
    while (!signal.aborted) {
      try {
        messages.push(...(await reader.next({ ...READ, signal })));
      } catch (error) {
        if (signal.aborted) return;
        assert.ok(error instanceof TributaryError && error.code === 'unavailable', String(error));
        await systemClock.sleep(50);
      }
    }
  };
  return { messages, done: run() };
}

/** With new readers; a server that elects or starts just now is asked again. */
async function readAll(stream: WriteStream): Promise<StreamMessage[][]> {
  const deadline = systemClock.monotonicMs() + SETTLE_MS;
  const shards: StreamMessage[][] = [];
  while (shards.length < SHARDS.length) {
    try {
      shards.push(await readShard(stream, SHARDS[shards.length] ?? assert.fail()));
    } catch (error) {
      const mayPass = error instanceof TributaryError && error.code === 'unavailable';
      if (!mayPass || systemClock.monotonicMs() > deadline) throw error;
      await systemClock.sleep(100);
    }
  }
  return shards;
}

async function readShard(
  stream: WriteStream,
  shard: (typeof SHARDS)[number],
): Promise<StreamMessage[]> {
  const { signal } = new AbortController();
  const { count } = await stream.shardHead(shard);
  await using reader = await stream.openReader(shard, sequence(0));
  const messages: StreamMessage[] = [];
  while (messages.length < count) messages.push(...(await reader.next({ ...READ, signal })));
  return messages;
}

function assertWrites(
  messages: readonly StreamMessage[],
  acknowledged: ReadonlySet<number>,
  unknown: ReadonlySet<number>,
): void {
  const written = new Set<number>();
  for (const { data } of messages) {
    for (const operation of decodeEntry(data).operations) {
      assert.equal(operation.kind, 'upsert');
      for (const { id } of operation.kind === 'upsert' ? operation.points : []) {
        assert.ok(!written.has(Number(id)), `write ${id} is there twice`);
        written.add(Number(id));
      }
    }
  }
  for (const id of acknowledged) assert.ok(written.has(id), `acknowledged write ${id} is lost`);
  for (const id of written) {
    assert.ok(acknowledged.has(id) || unknown.has(id), `write ${id} was reported as not done`);
  }
}
