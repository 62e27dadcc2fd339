import assert from 'node:assert/strict';
import test from 'node:test';
import {
  collectionId,
  type PointOperation,
  type Sequence,
  sequence,
  shardId,
} from '@tributary/model';
import { SimulatedClock, seededRandom, systemClock, TributaryError } from '@tributary/runtime';
import { decodeEntry } from '@tributary/wire';
import fc from 'fast-check';
import { BatchingAppender, type BatchingAppenderOptions } from './batching-appender.ts';
import { ParcelAssembler } from './fragments.ts';
import { type AppendFate, MemoryWriteStreams } from './memory.ts';
import { type AppendMessage, MESSAGE_BYTES_MAX, type WriteStream } from './write-stream.ts';

const COLLECTION = collectionId('c');

interface Setup {
  readonly appender: BatchingAppender;
  readonly stream: WriteStream;
  readonly appends: (readonly AppendMessage[])[];
}

async function setUp(
  options: Partial<BatchingAppenderOptions> = {},
  fate: (nth: number) => AppendFate | Promise<AppendFate> = () => 'ok',
): Promise<Setup> {
  const appends: (readonly AppendMessage[])[] = [];
  const append = (_: unknown, messages: readonly AppendMessage[]) => fate(appends.push(messages));
  const streams = new MemoryWriteStreams({ faults: { append } });
  const stream = await streams.create(COLLECTION);
  const random = seededRandom(1);
  const appender = new BatchingAppender({ stream, clock: systemClock, random, ...options });
  return { appender, stream, appends };
}

function upsert(ids: readonly number[], payloadBytes = 10): PointOperation {
  const payload = new Uint8Array(payloadBytes).fill(32);
  return { kind: 'upsert', points: ids.map((id) => ({ id, vectors: {}, payload })) };
}

const part = (shard: number, ...ids: number[]) => ({
  shard: shardId(shard),
  operations: [upsert(ids)],
});

/** Lets all waits be over at once until the work is done. */
async function hurried<T>(clock: SimulatedClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  while (!isDone) await clock.advance(clock.nextDueMs ?? 0);
  return await work;
}

async function idsInStream(stream: WriteStream): Promise<Map<number | 'all', number[]>> {
  const { lastSequence } = await stream.head();
  const ids = new Map<number | 'all', number[]>();
  for (let at = 1; at <= lastSequence; at++) {
    const message = await stream.get(sequence(at));
    assert.ok(message);
    const own = ids.get(message.shard) ?? [];
    ids.set(message.shard, own);
    for (const operation of decodeEntry(message.data).operations) {
      if (operation.kind === 'upsert') own.push(...operation.points.map((p) => Number(p.id)));
      else if (operation.kind === 'delete' && operation.selector.kind === 'ids') {
        own.push(...operation.selector.ids.map(Number));
      }
    }
  }
  return ids;
}

test('writes that arrive while one is in flight become one append', async () => {
  const { appender, appends, stream } = await setUp({}, async (): Promise<AppendFate> => {
    await systemClock.sleep(5);
    return 'ok';
  });
  const first = appender.append([part(0, 1)]);
  await systemClock.sleep(1);
  const gathered = [2, 3, 4].map((id) => appender.append([part(0, id), part(1, id)]));
  const receipts = await Promise.all([first, ...gathered]);
  assert.deepEqual(
    appends.map((messages) => messages.length),
    [1, 2],
  );
  assert.deepEqual(
    receipts.map((receipt) => receipt.sequence),
    [1, 3, 3, 3],
  );
  assert.deepEqual(
    [...(receipts[1]?.shardSequences ?? [])],
    [
      [0, 2],
      [1, 3],
    ],
  );
  assert.deepEqual(
    [...(await idsInStream(stream))],
    [
      [0, [1, 2, 3, 4]],
      [1, [2, 3, 4]],
    ],
  );
});

test('an entry has the traces of the writes that have a part in it, and of no other', async () => {
  let trace: string | undefined;
  const { appender, stream } = await setUp({ currentTrace: () => trace });
  const append = (named: string | undefined, ...parts: ReturnType<typeof part>[]) => {
    trace = named;
    return appender.append(parts);
  };
  await Promise.all([
    append('one', part(0, 1)),
    append(undefined, part(0, 2), part(2, 2)),
    append('two', part(0, 3), part(1, 3)),
  ]);
  const messages = await Promise.all([1, 2, 3].map((at) => stream.get(sequence(at))));
  const traces = messages.map((message) => [message?.shard, message?.traceparents]);
  assert.deepEqual(traces, [
    [0, ['one', 'two']],
    [2, undefined],
    [1, ['two']],
  ]);
});

test('what is written comes out once, whole, in order per shard, in one append per write', async () => {
  const writes = fc.array(
    fc.array(fc.record({ shard: fc.nat(2), points: fc.integer({ min: 1, max: 40 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    { minLength: 1, maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(writes, fc.integer(), async (sizes, seed) => {
      const random = seededRandom(seed);
      const fates: AppendFate[] = ['ok', 'ok', 'unavailable', 'unknownWritten', 'unknownLost'];
      const clock = new SimulatedClock();
      const { appender, stream, appends } = await setUp({ random, clock }, () => {
        return fates[random.integer(fates.length)] ?? 'ok';
      });
      let id = 0;
      const expected = new Map<number | 'all', number[]>();
      const receipts = sizes.map((parts) =>
        appender.append(
          parts.map(({ shard, points }) => {
            const ids = Array.from({ length: points }, () => id++);
            expected.set(shard, [...(expected.get(shard) ?? []), ...ids]);
            return { shard: shardId(shard), operations: [upsert(ids, 30_000)] };
          }),
        ),
      );
      const settled = await hurried(clock, Promise.all(receipts));
      assert.deepEqual(
        new Map([...(await idsInStream(stream))].sort()),
        new Map([...expected].sort()),
      );
      for (const messages of appends) {
        assert.ok(messages.every((message) => message.data.length <= MESSAGE_BYTES_MAX));
      }
      for (const [i, receipt] of settled.entries()) {
        for (const { shard } of sizes[i] ?? []) {
          const at: Sequence | undefined = receipt.shardSequences.get(shardId(shard));
          assert.ok(at !== undefined && at <= receipt.sequence);
          assert.equal((await stream.get(at))?.shard, shard);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a write made in the turn that acknowledges another is sent too', async () => {
  const { appender, stream } = await setUp();
  const chain = async (from: number) => {
    for (let id = from; id < from + 50; id++) await appender.append([part(0, id)]);
  };
  await Promise.all([chain(0), chain(100), chain(200)]);
  assert.equal((await idsInStream(stream)).get(0)?.length, 150);
});

test('a retry sends the same messages under the same ids', async () => {
  const { appender, appends } = await setUp({}, (nth) => (nth < 3 ? 'unknownWritten' : 'ok'));
  const receipt = await appender.append([part(0, 1), part(1, 2)]);
  assert.equal(appends.length, 3);
  assert.deepEqual(appends[2], appends[0]);
  assert.deepEqual(
    { ...receipt, shardSequences: [...receipt.shardSequences] },
    {
      sequence: 2,
      duplicate: true,
      shardSequences: [
        [0, 1],
        [1, 2],
      ],
    },
  );
});

test('of several writes under one operation id the first is written, the others get its sequence', async () => {
  const { appender, appends, stream } = await setUp();
  const both = [part(0, 1), part(1, 2)];
  const receipts = await Promise.all([
    appender.append([part(0, 7)]),
    appender.append(both, undefined, 'operation'),
    appender.append(both, undefined, 'operation'),
    appender.append([part(0, 3)], undefined, 'operation'),
    appender.append([part(1, 8)]),
  ]);
  assert.deepEqual(
    receipts.map(({ sequence: at, duplicate }) => [at, duplicate]),
    [
      [1, false],
      [3, false],
      [3, true],
      [3, true],
      [4, false],
    ],
  );
  assert.deepEqual(
    appends.map((messages) => messages.length),
    [1, 2, 2, 1, 1],
    'a write with an id of its own goes alone',
  );
  const written = await idsInStream(stream);
  assert.deepEqual(
    [written.get(0), written.get(1)],
    [
      [7, 1],
      [2, 8],
    ],
  );
});

test('a larger write under the operation id of the first in the stream gets the sequence of that one', async () => {
  const { appender } = await setUp();
  const { sequence: first } = await appender.append([part(0, 1)], undefined, 'operation');
  const larger = [part(0, 1), part(1, 2), part(2, 3), part(3, 4)];
  const { sequence: second, duplicate } = await appender.append(larger, undefined, 'operation');
  assert.deepEqual([first, second, duplicate], [1, 1, true]);
});

test('retries end: unknown where a try got no answer, unavailable where all were refused', async () => {
  const unknown = await setUp({ retryForMs: 60 }, (nth) =>
    nth === 1 ? 'unknownLost' : 'unavailable',
  );
  await assert.rejects(unknown.appender.append([part(0, 1)]), {
    code: 'unknown_outcome',
    message: /may still take effect/,
  });
  const refused = await setUp({ retryForMs: 60 }, () => 'unavailable');
  await assert.rejects(refused.appender.append([part(0, 1)]), { code: 'unavailable' });
  assert.ok(refused.appends.length > 1);
});

test('what is refused for good after a try without an answer is unknown all the same', async () => {
  const { appender, stream } = await setUp({}, () => 'unknownLost');
  const inner = stream.append.bind(stream);
  let tries = 0;
  const gone = new TributaryError('not_found', 'no such stream');
  stream.append = (messages) => (++tries === 1 ? inner(messages) : Promise.reject(gone));
  const reason = { code: 'unknown_outcome', cause: gone };
  await assert.rejects(appender.append([part(0, 1)]), reason);
  await assert.rejects(appender.append([part(0, 1)]), { code: 'not_found' });
});

test('a deadline in flight is an unknown outcome; before sending it is a timeout and nothing is written', async () => {
  const gate = Promise.withResolvers<AppendFate>();
  const { appender, stream } = await setUp({}, () => gate.promise);
  const deadline = new AbortController();
  const inFlight = appender.append([part(0, 1)], deadline.signal);
  await systemClock.sleep(1);
  const waiting = appender.append([part(0, 2)], deadline.signal);
  deadline.abort();
  await assert.rejects(inFlight, { code: 'unknown_outcome' });
  await assert.rejects(waiting, { code: 'timeout' });
  gate.resolve('ok');
  await appender.append([part(0, 3)]);
  assert.deepEqual((await idsInStream(stream)).get(0), [1, 3]);
});

test('over its limits the queue refuses, and what is queued still goes through', async () => {
  const gate = Promise.withResolvers<AppendFate>();
  const { appender } = await setUp({ queueItemsMax: 3, queueBytesMax: 5_000 }, () => gate.promise);
  const first = appender.append([part(0, 1)]);
  await systemClock.sleep(1);
  const queued = [2, 3, 4].map((id) => appender.append([part(0, id)]));
  await assert.rejects(appender.append([part(0, 5)]), { code: 'unavailable' });
  gate.resolve('ok');
  assert.equal((await Promise.all([first, ...queued])).length, 4);
  assert.equal(appender.queuedItems, 0);
});

test('a write that fits no atomic append is refused and writes nothing', async () => {
  const { appender, stream } = await setUp({ batchMessagesMax: 2 });
  const operations = [upsert([1, 2, 3, 4], 400_000)];
  await assert.rejects(appender.append([{ shard: shardId(0), operations }]), { code: 'too_large' });
  const huge = [upsert([1], 2 * MESSAGE_BYTES_MAX)];
  await assert.rejects(appender.append([{ shard: shardId(0), operations: huge }]), {
    code: 'too_large',
  });
  assert.equal((await stream.head()).lastSequence, 0);
});

test('a point larger than a message is one entry of several, which tell its receipt where it ends', async () => {
  const { appender, stream, appends } = await setUp();
  const large = 5 * MESSAGE_BYTES_MAX;
  const [small, receipt] = await Promise.all([
    appender.append([part(0, 1)]),
    appender.append([{ shard: shardId(0), operations: [upsert([2], large)] }, part(1, 3)]),
  ]);
  assert.equal(appends.length, 1);
  assert.equal(small.shardSequences.get(shardId(0)), 1);
  assert.deepEqual(
    [...receipt.shardSequences],
    [
      [0, 7],
      [1, 8],
    ],
  );
  const assembler = new ParcelAssembler();
  const read: unknown[] = [];
  for (let at = 1; at <= 8; at++) {
    const message = await stream.get(sequence(at));
    assert.ok(message && message.data.length <= MESSAGE_BYTES_MAX);
    for (const { sequence: end, messages, data } of assembler.take(message)) {
      const { operations } = decodeEntry(data);
      const ids = operations.flatMap((each) =>
        each.kind === 'upsert' ? each.points.map(({ id }) => id) : [],
      );
      read.push([end, messages, ids]);
    }
  }
  assert.deepEqual(read, [
    [1, 1, [1]],
    [7, 6, [2]],
    [8, 1, [3]],
  ]);
});

test('a delete of many ids is cut by ids', async () => {
  const { appender, stream } = await setUp();
  const ids = Array.from({ length: 100_000 }, (_, i) => i);
  const operation: PointOperation = { kind: 'delete', selector: { kind: 'ids', ids } };
  const receipt = await appender.append([{ shard: shardId(0), operations: [operation] }]);
  assert.ok(receipt.sequence > 1);
  assert.deepEqual((await idsInStream(stream)).get(0), ids);
});

test('closing refuses what waits and waits for what is in flight', async () => {
  const gate = Promise.withResolvers<AppendFate>();
  const { appender } = await setUp({}, () => gate.promise);
  const inFlight = appender.append([part(0, 1)]);
  await systemClock.sleep(1);
  const waiting = appender.append([part(0, 2)]);
  const closing = appender.close();
  await assert.rejects(waiting, { code: 'unavailable' });
  gate.resolve('ok');
  assert.equal((await inFlight).sequence, 1);
  await closing;
  await assert.rejects(appender.append([part(0, 3)]), { code: 'unavailable' });
});
