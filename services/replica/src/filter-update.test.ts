// Reads while a replica applies an update that looks at every point.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  type PointOperation,
  payloadToBytes,
  shardId,
} from '@tributary/model';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { Replica } from './replica.ts';

const COUNT = 2_400;
const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 1, distance: 'Dot' } },
};

test('reads go on while a filter looks at every point, and see all of its update or nothing', async () => {
  const address = { collection: collectionId('c'), shard: shardId(0) };
  const streams = new MemoryWriteStreams();
  const stream = await streams.create(address.collection);
  const stopping = new AbortController();
  const seen: unknown[] = [];
  let isWatching = false;
  const replica = await Replica.open(
    {
      address,
      config,
      createdVectors: config,
      streams,
      stores: new MemoryReplicaStores(),
      createIndex: async () => new MemoryVectorIndex('Dot'),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      turn: async () => {
        if (isWatching) seen.push(replica.call({ kind: 'count' }));
        await new Promise((resolve) => setImmediate(resolve));
      },
      onStatus: () => {},
    },
    stopping.signal,
  );
  const running = replica.run(stopping.signal);
  const write = async (messageId: string, operation: PointOperation) => {
    const data = encodeEntry({ operationId: messageId, timeMs: 1, operations: [operation] });
    await stream.append([{ shard: address.shard, messageId, data }]);
    await replica.catchUp();
  };
  try {
    const points = Array.from({ length: COUNT }, (_, id) => ({
      id,
      vectors: { '': Float32Array.of(1) },
      payload: payloadToBytes({ a: id % 4 }),
    }));
    await write('1', { kind: 'upsert', points });
    isWatching = true;
    const filter = { must: [{ kind: 'match' as const, key: 'a', value: 1 }] };
    await write('2', { kind: 'delete', selector: { kind: 'filter', filter } });
    const before = seen.filter((count) => count === COUNT).length;
    const after = seen.filter((count) => count === (3 * COUNT) / 4).length;
    assert.ok(before >= 4, `${before} reads before the update was applied`);
    assert.equal(before + after, seen.length, 'no read saw a part of it');
    assert.equal(replica.call({ kind: 'count' }), (3 * COUNT) / 4);
  } finally {
    stopping.abort();
    await running;
    await replica.close();
  }
});
