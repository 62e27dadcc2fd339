// Filters that look at every point, of updates and of reads: the thread goes on with its other work meanwhile.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  FIRST_GENERATION,
  type PointOperation,
  payloadToBytes,
  shardId,
} from '@tributary/model';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import type { ReplicaStores } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { Replica } from './replica.ts';

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 1, distance: 'Dot' } },
};

const COUNT = 2_400;
const MATCHING = { must: [{ kind: 'match' as const, key: 'a', value: 1 }] };
const EVERYTHING = {
  kind: 'ids' as const,
  ids: Array.from({ length: COUNT }, (_, id) => id),
};
const CHANGED: PointOperation = {
  kind: 'delete',
  selector: { kind: 'filter', filter: { must: [{ kind: 'match', key: 'a', value: 1 }] } },
};

test('reads go on while a filter looks at every point, and see all of its update or nothing', async () => {
  const seen: unknown[] = [];
  await using running = await start();
  running.onTurn = () => seen.push(running.count());
  await running.write(CHANGED);
  await running.replica.catchUp();
  const before = seen.filter((count) => count === COUNT).length;
  const after = seen.filter((count) => count === (3 * COUNT) / 4).length;
  assert.ok(before >= 4, `${before} reads before the update was applied`);
  assert.equal(before + after, seen.length, 'no read saw a part of it');
  assert.equal(running.count(), (3 * COUNT) / 4);
});

test('an update of very many points is committed in slices, and reads wait for the end of it', async () => {
  await using running = await start();
  const seen: Promise<unknown>[] = [];
  let later = 0;
  running.onTurn = () => {
    const answer = running.replica.answer({ kind: 'count', filter: MATCHING });
    if (answer instanceof Promise) later++;
    seen.push(Promise.resolve(answer));
  };
  await running.write({ kind: 'setPayload', payload: { a: 1 }, selector: EVERYTHING });
  await running.replica.catchUp();
  running.onTurn = () => {};
  const counts = await Promise.all(seen);
  assert.ok(counts.length >= 15, `${counts.length} turns`);
  assert.ok(later >= 5, `${later} reads waited`);
  assert.deepEqual([...new Set(counts)], [COUNT / 4, COUNT]);
});

test('a replica that stops amid an update has changed nothing and holds nothing of the store', async () => {
  await using running = await start();
  let scans: number | undefined;
  running.onTurn = () => {
    scans ??= running.openScans();
    running.stop();
  };
  await running.write(CHANGED);
  await running.stopped;
  assert.equal(scans, 1, 'it was stopped amid the scan');
  assert.equal(running.openScans(), 0);
  assert.equal(running.count(), COUNT);
});

test('a read whose filter looks at every point leaves the thread to others, and sees one state', async () => {
  await using running = await start();
  running.slowScans();
  const answer = running.replica.answer({ kind: 'count', filter: MATCHING });
  assert.ok(answer instanceof Promise, 'it takes longer than a slice');
  let turns = 0;
  const watch = setInterval(() => turns++, 1);
  await running.write(CHANGED);
  assert.equal(await answer, COUNT / 4);
  clearInterval(watch);
  assert.ok(turns >= 5, `${turns} turns`);
  await running.replica.catchUp();
  assert.equal(await running.replica.answer({ kind: 'count', filter: MATCHING }), 0);
  assert.equal(running.openScans(), 0);
});

test('scrolls and searches of such a filter are answered in slices as they are at once', async () => {
  await using running = await start();
  running.slowScans();
  const projection = { payload: { kind: 'all' as const }, vectors: { kind: 'none' as const } };
  const rare = { must: [{ kind: 'hasVector' as const, name: 'no' }], should: MATCHING.must };
  for (const filter of [MATCHING, rare]) {
    const scroll = { kind: 'scroll' as const, query: { filter, limit: 50, projection } };
    const scoring = { kind: 'nearest' as const, vector: Float32Array.of(1) };
    const query = { using: '', limit: 50, scoring, projection, params: {}, filter };
    const search = { kind: 'search' as const, queries: [query, query] };
    for (const call of [scroll, search]) {
      assert.deepEqual(await running.replica.answer(call), running.replica.call(call));
    }
  }
});

test('a replica that is closed amid such a read refuses it and holds nothing of the store', async () => {
  await using running = await start();
  running.slowScans();
  const answer = running.replica.answer({ kind: 'count', filter: MATCHING });
  running.stop();
  await running.stopped;
  const closing = running.replica.close();
  await assert.rejects(async () => answer, { code: 'unavailable' });
  await closing;
  assert.equal(running.openScans(), 0);
});

/** A replica that follows its stream, filled. */
async function start() {
  const address = { collection: collectionId('c'), shard: shardId(0) };
  const streams = new MemoryWriteStreams();
  const stream = await streams.create(address.collection);
  const stopping = new AbortController();
  const { stores, openScans, slowScans } = countingStores();
  let onTurn = () => {};
  const replica = await Replica.open(
    {
      address,
      config,
      createdVectors: config,
      generation: FIRST_GENERATION,
      streams,
      stores,
      createIndex: async () => new MemoryVectorIndex('Dot'),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      turn: async () => {
        onTurn();
        await new Promise((resolve) => setImmediate(resolve));
      },
      onStatus: () => {},
    },
    stopping.signal,
  );
  const stopped = replica.run(stopping.signal);
  let written = 0;
  const running = {
    replica,
    stopped,
    openScans,
    slowScans,
    set onTurn(action: () => void) {
      onTurn = action;
    },
    count: () => replica.call({ kind: 'count' }),
    stop: () => stopping.abort(),
    write: async (operation: PointOperation) => {
      const messageId = `${++written}`;
      const data = encodeEntry({ operationId: messageId, timeMs: 1, operations: [operation] });
      await stream.append([{ shard: address.shard, messageId, data }]);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await stopped;
      await replica.close();
    },
  };
  const points = Array.from({ length: COUNT }, (_, id) => ({
    id,
    vectors: { '': Float32Array.of(1) },
    payload: payloadToBytes({ a: id % 4 }),
  }));
  await running.write({ kind: 'upsert', points });
  await replica.catchUp();
  return running;
}

/** Stores that know how many scans of payloads are begun and not let go, and whose scans can be made slow. */
function countingStores() {
  const stores: ReplicaStores = new MemoryReplicaStores();
  const open = stores.open.bind(stores);
  let scans = 0;
  let rowMs = 0;
  stores.open = async (name) => {
    const store = await open(name);
    const scanPayloads = store.scanPayloads.bind(store);
    store.scanPayloads = function* (from) {
      scans++;
      try {
        for (const row of scanPayloads(from)) {
          const endMs = performance.now() + rowMs;
          while (performance.now() < endMs);
          yield row;
        }
      } finally {
        scans--;
      }
    };
    return store;
  };
  const slowScans = () => {
    rowMs = 0.02;
  };
  return { stores, openScans: () => scans, slowScans };
}
