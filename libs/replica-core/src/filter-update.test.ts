// Reads while a replica applies an update that looks at every point.

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

/** A replica that follows its stream, filled. */
async function start() {
  const address = { collection: collectionId('c'), shard: shardId(0) };
  const streams = new MemoryWriteStreams();
  const stream = await streams.create(address.collection);
  const stopping = new AbortController();
  const { stores, openScans } = countingStores();
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

/** Stores that know how many scans of payloads are begun and not let go. */
function countingStores(): { stores: ReplicaStores; openScans: () => number } {
  const stores = new MemoryReplicaStores();
  const open = stores.open.bind(stores);
  let scans = 0;
  stores.open = async (name) => {
    const store = await open(name);
    const scanPayloads = store.scanPayloads.bind(store);
    store.scanPayloads = function* (from) {
      scans++;
      try {
        yield* scanPayloads(from);
      } finally {
        scans--;
      }
    };
    return store;
  };
  return { stores, openScans: () => scans };
}
