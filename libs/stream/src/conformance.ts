// The contract of a write stream as tests. Every implementation runs them: memory here, JetStream in libs/nats.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ALL_SHARDS,
  type CollectionId,
  collectionId,
  FIRST_GENERATION,
  type ShardId,
  sequence,
  shardId,
} from '@tributary/model';
import { systemRandom } from '@tributary/runtime';
import {
  bytes,
  defined,
  ends,
  evenNumbers,
  headOfShard,
  message,
  READ,
  readAll,
  rejectsWith,
  text,
  texts,
} from './conformance.test-support.ts';
import { MESSAGE_BYTES_MAX, type WriteStream, type WriteStreams } from './write-stream.ts';

export interface StreamUnderTest extends AsyncDisposable {
  readonly streams: WriteStreams;
  /** Dead letters recorded so far for a collection. */
  deadLetterCount(collection: CollectionId): Promise<number>;
}

const SHARD_0 = shardId(0);
const SHARD_1 = shardId(1);
const START = sequence(0);

/** Registers the tests of the contract; `create` makes a fresh set of streams for each test. */
export function writeStreamConformance(name: string, create: () => Promise<StreamUnderTest>): void {
  const property = (title: string, body: (context: Context) => Promise<void>) =>
    test(`${name}: ${title}`, { timeout: 30_000 }, async () => {
      await using underTest = await create();
      const collection = collectionId(`c${systemRandom.id().slice(0, 12)}`);
      const stream = await underTest.streams.create(collection);
      await body({ underTest, collection, stream });
    });

  appendProperties(property);
  readerProperties(property);
  lifeProperties(property);
}

interface Context {
  readonly underTest: StreamUnderTest;
  readonly collection: CollectionId;
  readonly stream: WriteStream;
}

type Property = (title: string, body: (context: Context) => Promise<void>) => void;

function appendProperties(property: Property): void {
  property('sequences of appends grow by the messages appended', async ({ stream }) => {
    const first = await stream.append([message(SHARD_0, 'a')]);
    const second = await stream.append([message(SHARD_1, 'b')]);
    assert.deepEqual([first.sequence, second.sequence], [1, 2]);
    assert.equal(first.duplicate, false);
    const { timeMs, ...rest } = defined(await stream.get(sequence(2)));
    assert.deepEqual({ ...rest, data: text(rest.data) }, { sequence: 2, shard: 1, data: 'b' });
    assert.ok(timeMs > 0);
  });

  property('a batch stands at consecutive sequences in its order', async ({ stream }) => {
    await stream.append([message(SHARD_0, 'before')]);
    const batch = ['a', 'b', 'c', 'd'].map((data, i) => message(shardId(i % 2), data));
    const receipt = await stream.append(batch);
    assert.equal(receipt.sequence, 5);
    assert.deepEqual(await texts(stream, [2, 3, 4, 5]), ['a', 'b', 'c', 'd']);
  });

  property('appending the same message id again is not a second write', async ({ stream }) => {
    const one = message(SHARD_0, 'once');
    const first = await stream.append([one]);
    await stream.append([message(SHARD_0, 'between')]);
    const again = await stream.append([one]);
    assert.deepEqual(again, { sequence: first.sequence, duplicate: true });
    assert.equal((await stream.head()).lastSequence, 2);
  });

  property('appending the same batch again is not a second write', async ({ stream }) => {
    const batch = ['a', 'b', 'c'].map((data) => message(SHARD_0, data));
    const first = await stream.append(batch);
    await stream.append([message(SHARD_0, 'between')]);
    const again = await stream.append(batch);
    assert.deepEqual(again, { sequence: first.sequence, duplicate: true });
    assert.equal((await stream.head()).lastSequence, 4);
  });

  property('the same append many times at once is one write', async ({ stream }) => {
    const batch = ['a', 'b'].map((data) => message(SHARD_1, data));
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => stream.append(batch)));
    const receipts = tries.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    );
    assert.ok(receipts.length > 0, 'at least one try is acknowledged');
    for (const receipt of receipts) assert.equal(receipt.sequence, 2);
    assert.equal((await stream.head()).lastSequence, 2);
  });

  property('an entry of the largest size goes through, one more byte does not', async (context) => {
    const { stream } = context;
    const largest = { ...message(SHARD_0, ''), data: new Uint8Array(MESSAGE_BYTES_MAX).fill(7) };
    const receipt = await stream.append([largest, message(SHARD_0, 'small')]);
    assert.equal((await stream.get(sequence(1)))?.data.length, MESSAGE_BYTES_MAX);
    assert.equal(receipt.sequence, 2);
    const tooLarge = {
      ...largest,
      messageId: 'larger',
      data: new Uint8Array(MESSAGE_BYTES_MAX + 1),
    };
    await rejectsWith('too_large', stream.append([tooLarge]));
    assert.equal((await stream.head()).lastSequence, 2);
  });

  property('an append of too many messages writes nothing', async ({ stream }) => {
    const batch = Array.from({ length: 1_001 }, (_, i) => message(SHARD_0, `${i}`));
    await rejectsWith('too_large', stream.append(batch));
    assert.equal((await stream.head()).lastSequence, 0);
    const whole = await stream.append(batch.slice(0, 1_000));
    assert.equal(whole.sequence, 1_000);
  });

  property('concurrent batches never interleave', async ({ stream }) => {
    const batches = Array.from({ length: 12 }, (_, n) =>
      Array.from({ length: 5 }, (_, i) => message(SHARD_0, `${n}.${i}`)),
    );
    const receipts = await Promise.all(batches.map((batch) => stream.append(batch)));
    for (const [n, receipt] of receipts.entries()) {
      const own = Array.from({ length: 5 }, (_, i) => receipt.sequence - 4 + i);
      assert.deepEqual(
        await texts(stream, own),
        own.map((_, i) => `${n}.${i}`),
      );
    }
  });
}

function readerProperties(property: Property): void {
  property('a reader sees its shard only, in order, each message once', async ({ stream }) => {
    for (let i = 0; i < 20; i++) {
      await stream.append([message(shardId(i % 2), `${i}`), message(SHARD_1, `x${i}`)]);
    }
    await using reader = await stream.openReader(SHARD_0, START);
    const read = await readAll(reader, 10);
    assert.deepEqual(
      read.map((m) => text(m.data)),
      evenNumbers(20),
    );
    assert.ok(read.every((m) => m.shard === 0));
  });

  property(
    'what is for all shards is stored once and read by each, in its place',
    async (context) => {
      const { stream } = context;
      await stream.append([message(SHARD_0, 'a'), message(ALL_SHARDS, 'b'), message(SHARD_1, 'c')]);
      await stream.append([message(ALL_SHARDS, 'd')]);
      await stream.append([message(SHARD_0, 'e')]);
      const readOf = async (shard: ShardId, count: number) => {
        await using reader = await stream.openReader(shard, START);
        return (await readAll(reader, count)).map((m) => [m.sequence, m.shard, text(m.data)]);
      };
      const [b, d] = [
        [2, ALL_SHARDS, 'b'],
        [4, ALL_SHARDS, 'd'],
      ];
      assert.deepEqual(await readOf(SHARD_0, 4), [[1, 0, 'a'], b, d, [5, 0, 'e']]);
      assert.deepEqual(await readOf(SHARD_1, 3), [b, [3, 1, 'c'], d]);
      assert.deepEqual(await headOfShard(stream, SHARD_0), { count: 4, lastSequence: 5 });
      assert.deepEqual(await headOfShard(stream, SHARD_1), { count: 3, lastSequence: 4 });
      assert.equal((await stream.get(sequence(4)))?.shard, ALL_SHARDS);
    },
  );

  property('a reader starts right after its cursor', async ({ stream }) => {
    for (let i = 0; i < 5; i++) await stream.append([message(SHARD_0, `${i}`)]);
    await using reader = await stream.openReader(SHARD_0, sequence(3));
    assert.deepEqual(
      (await readAll(reader, 2)).map((m) => m.sequence),
      [4, 5],
    );
  });

  property('a reader honours the limits of one call', async ({ stream }) => {
    const batch = Array.from({ length: 10 }, (_, i) => message(SHARD_0, `${i}`.padEnd(100)));
    await stream.append(batch);
    await using reader = await stream.openReader(SHARD_0, START);
    const { signal } = new AbortController();
    const few = await reader.next({ messagesMax: 3, bytesMax: 1e6, waitMs: 5_000, signal });
    assert.ok(few.length >= 1 && few.length <= 3);
    const small = await reader.next({ messagesMax: 100, bytesMax: 250, waitMs: 5_000, signal });
    assert.ok(small.length >= 1 && small.length <= 2);
    const one = await reader.next({ messagesMax: 100, bytesMax: 1, waitMs: 5_000, signal });
    assert.equal(one.length, 1);
  });

  property('a reader that waits gets what is written meanwhile', async ({ stream }) => {
    await using reader = await stream.openReader(SHARD_0, START);
    const { signal } = new AbortController();
    const waiting = reader.next({ messagesMax: 10, bytesMax: 1e6, waitMs: 10_000, signal });
    await stream.append([message(SHARD_1, 'not mine')]);
    await stream.append([message(SHARD_0, 'mine')]);
    assert.deepEqual(
      (await waiting).map((m) => text(m.data)),
      ['mine'],
    );
  });

  property('a reader answers nothing once its wait is over', async ({ stream }) => {
    await using reader = await stream.openReader(SHARD_0, START);
    const { signal } = new AbortController();
    const options = { messagesMax: 10, bytesMax: 1e6, waitMs: 30, signal };
    assert.deepEqual(await reader.next(options), []);
    await stream.append([message(SHARD_0, 'later')]);
    assert.equal((await readAll(reader, 1)).length, 1);
  });

  property('aborting ends the wait of a reader', async ({ stream }) => {
    await using reader = await stream.openReader(SHARD_0, START);
    const aborter = new AbortController();
    const options = { messagesMax: 10, bytesMax: 1e6, waitMs: 60_000, signal: aborter.signal };
    const waiting = reader.next(options);
    aborter.abort();
    await assert.rejects(waiting);
  });

  property('a reader below the first message held is refused', async ({ stream }) => {
    for (let i = 0; i < 6; i++) await stream.append([message(SHARD_0, `${i}`)]);
    await stream.purge(sequence(4));
    assert.deepEqual(await ends(stream), { firstSequence: 4, lastSequence: 6 });
    const { signal } = new AbortController();
    const options = { messagesMax: 10, bytesMax: 1e6, waitMs: 2_000, signal };
    const readFrom = async (after: number) => {
      await using reader = await stream.openReader(SHARD_0, sequence(after));
      return await reader.next(options);
    };
    await rejectsWith('precondition_failed', readFrom(1));
    assert.equal((await readFrom(3))[0]?.sequence, 4);
  });
}

function lifeProperties(property: Property): void {
  property('heads of an empty stream', async ({ stream }) => {
    assert.deepEqual(await stream.head(), { firstSequence: 1, lastSequence: 0, bytes: 0 });
    assert.deepEqual(await headOfShard(stream, SHARD_0), { count: 0, lastSequence: 0 });
    assert.equal(await stream.get(sequence(1)), undefined);
  });

  property('the head of a shard counts its messages', async ({ stream }) => {
    await stream.append([message(SHARD_0, 'a'), message(SHARD_1, 'b'), message(SHARD_0, 'c')]);
    await stream.append([message(SHARD_1, 'd')]);
    assert.deepEqual(await headOfShard(stream, SHARD_0), { count: 2, lastSequence: 3 });
    assert.deepEqual(await headOfShard(stream, SHARD_1), { count: 2, lastSequence: 4 });
    assert.deepEqual((await stream.shardHead(SHARD_0)).stream, await stream.head());
  });

  property(
    'a reader that has waited in vain reads what comes then, from any writer',
    async (context) => {
      const { stream, underTest, collection } = context;
      await stream.append([message(SHARD_0, 'old')]);
      const opened = underTest.streams.open(collection, FIRST_GENERATION);
      const signal = AbortSignal.timeout(10_000);
      for (const target of [SHARD_0, ALL_SHARDS] as const) {
        const after = (await stream.head()).lastSequence;
        await using reader = await opened.openReader(SHARD_0, after);
        assert.deepEqual(await reader.next({ ...READ, waitMs: 50, signal }), []);
        const waiting = reader.next({ ...READ, waitMs: 8_000, signal });
        await stream.append([message(SHARD_1, 'of another'), message(target, 'new')]);
        assert.deepEqual(
          (await waiting).map(({ data }) => text(data)),
          ['new'],
        );
      }
    },
  );

  property('the size of a stream grows with what is written', async ({ stream }) => {
    await stream.append([message(SHARD_0, 'x'.repeat(10_000))]);
    const { bytes } = await stream.head();
    assert.ok(bytes >= 10_000 && bytes < 11_000, `${bytes}`);
    await stream.append([message(SHARD_1, 'x'.repeat(20_000))]);
    assert.ok((await stream.head()).bytes >= 30_000);
  });

  property('a purged stream goes on at its last sequence', async ({ stream }) => {
    for (let i = 0; i < 3; i++) await stream.append([message(SHARD_0, `${i}`)]);
    await stream.purge(sequence(4));
    assert.deepEqual(await stream.head(), { firstSequence: 4, lastSequence: 3, bytes: 0 });
    assert.equal(await stream.get(sequence(2)), undefined);
    assert.equal((await stream.append([message(SHARD_0, 'next')])).sequence, 4);
  });

  property(
    'what is of another generation is certainly not written, and not counted',
    async (context) => {
      const { underTest, collection, stream } = context;
      await stream.append([message(SHARD_0, 'a'), message(ALL_SHARDS, 'b')]);
      const other = underTest.streams.open(collection, FIRST_GENERATION + 1);
      await rejectsWith('unavailable', other.append([message(SHARD_0, 'c')]));
      const refused = [message(SHARD_0, 'c'), message(SHARD_1, 'd')];
      await rejectsWith('unavailable', other.append(refused));
      assert.equal((await other.head()).lastSequence, 2);
      assert.deepEqual(await headOfShard(other, SHARD_0), { count: 0, lastSequence: 0 });
      assert.equal((await stream.append(refused)).sequence, 4);
    },
  );

  property('creating is idempotent and keeps what is written', async (context) => {
    const { underTest, collection, stream } = context;
    await stream.append([message(SHARD_0, 'kept')]);
    const again = await underTest.streams.create(collection);
    assert.equal((await again.head()).lastSequence, 1);
  });

  property('a removed stream is not found; removing is idempotent', async (context) => {
    const { underTest, collection, stream } = context;
    await underTest.streams.remove(collection);
    await underTest.streams.remove(collection);
    await rejectsWith('not_found', stream.head());
    await rejectsWith('not_found', stream.append([message(SHARD_0, 'late')]));
    const opened = underTest.streams.open(collection, FIRST_GENERATION);
    await rejectsWith('not_found', opened.shardHead(SHARD_0));
  });

  property('a reader of a removed stream is refused', async (context) => {
    const { underTest, collection, stream } = context;
    await stream.append([message(SHARD_0, 'a')]);
    await using reader = await stream.openReader(SHARD_0, START);
    await readAll(reader, 1);
    const { signal } = new AbortController();
    const options = { messagesMax: 10, bytesMax: 1e6, waitMs: 20_000, signal };
    const told = rejectsWith('not_found', reader.next(options));
    await underTest.streams.remove(collection);
    await told;
  });

  property('a dead letter is recorded once, however many record it', async (context) => {
    const { underTest, collection } = context;
    const letter = (at: number) => ({
      collection,
      shard: SHARD_0,
      sequence: sequence(at),
      reason: 'unknown version — 9',
      data: bytes('poison'),
    });
    await Promise.all([1, 1, 1, 2].map((at) => underTest.streams.deadLetter(letter(at))));
    await underTest.streams.deadLetter(letter(1));
    assert.equal(await underTest.deadLetterCount(collection), 2);
  });
}
