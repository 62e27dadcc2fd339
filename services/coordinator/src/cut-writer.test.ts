import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY_METADATA, firstShards, type MetadataState } from '@tributary/metadata';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import { SimulatedClock, seededRandom, silentLogger } from '@tributary/runtime';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { type AppliedReport, decodeEntry } from '@tributary/wire';
import { CutWriter } from './cut-writer.ts';

const COLLECTION = collectionId('c');

async function setUp(options: { readonly failures?: number } = {}) {
  const clock = new SimulatedClock();
  let failures = options.failures ?? 0;
  const append = () => (failures-- > 0 ? 'unavailable' : 'ok') as 'unavailable' | 'ok';
  const streams = new MemoryWriteStreams({ clock, faults: { append } });
  const stream = await streams.create(COLLECTION);
  const listeners = new Set<(report: AppliedReport) => void>();
  const collection = { id: COLLECTION, ...firstShards([]) };
  const state = { ...EMPTY_METADATA, collections: new Map([['c', collection]]) };
  const leading = { now: true };
  const writer = new CutWriter({
    metadata: { state: state as unknown as MetadataState },
    reports: {
      publish: () => {},
      subscribe: (listener) => {
        listeners.add(listener);
        return { [Symbol.dispose]: () => listeners.delete(listener) };
      },
    },
    streams,
    isLeading: () => leading.now,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  const stop = new AbortController();
  const running = writer.run(stop.signal);
  const report = (applied: number) => {
    const appliedSequence = sequence(applied);
    const replicas = [{ collection: COLLECTION, shard: shardId(0), appliedSequence }];
    for (const listener of listeners) listener({ peer: peerId(1), replicas });
  };
  const cuts = async () => {
    const { lastSequence } = await stream.head();
    const entries = [];
    for (let at = 1; at <= lastSequence; at++) {
      const message = await stream.get(sequence(at));
      assert.ok(message);
      const { isCut, operations } = decodeEntry(message.data);
      entries.push([message.shard, isCut, operations.length]);
    }
    return entries;
  };
  const end = async () => {
    stop.abort();
    await running;
  };
  return { clock, report, cuts, leading, end };
}

test('a collection that was written to is cut, for all shards, and no more than once', async () => {
  const { clock, report, cuts, end } = await setUp();
  report(1);
  await clock.advance(59_000);
  assert.deepEqual(await cuts(), []);
  await clock.advance(10_000);
  assert.deepEqual(await cuts(), [['all', true, 0]]);
  await clock.advance(200_000);
  assert.equal((await cuts()).length, 1);
  await end();
});

test('only the leader cuts, and a cut that fails is written at the next look', async () => {
  const { clock, report, cuts, leading, end } = await setUp({ failures: 2 });
  leading.now = false;
  report(1);
  await clock.advance(200_000);
  assert.deepEqual(await cuts(), []);
  leading.now = true;
  await clock.advance(20_000);
  assert.equal((await cuts()).length, 1);
  await end();
});
