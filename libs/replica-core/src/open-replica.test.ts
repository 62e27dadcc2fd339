import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  FIRST_GENERATION,
  NO_PAYLOAD,
  type PointOperation,
  shardId,
} from '@tributary/model';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { openReplica } from './open-replica.ts';
import type { ReplicaStatus } from './replica-status.ts';

const address = { collection: collectionId('c'), shard: shardId(0) };
const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 1, distance: 'Dot' } },
};

async function start() {
  const streams = new MemoryWriteStreams();
  const stream = await streams.create(address.collection);
  const stores = new MemoryReplicaStores();
  let written = 0;
  const write = async (...ids: number[]) => {
    const points = ids.map((id) => ({
      ...{ id, payload: NO_PAYLOAD },
      vectors: { '': Float32Array.of(id) },
    }));
    const operations: PointOperation[] = [{ kind: 'upsert', points }];
    const messageId = String(written++);
    const data = encodeEntry({ operationId: messageId, timeMs: 1, operations });
    await stream.append([{ shard: address.shard, messageId, data }]);
  };
  const open = (onStatus?: (status: ReplicaStatus) => void) =>
    openReplica({
      ...{ address, config, generation: FIRST_GENERATION, streams, stores },
      createIndex: async () => new MemoryVectorIndex('Dot'),
      ...(onStatus && { onStatus }),
    });
  return { open, write };
}

test('a replica follows its stream by itself, and goes on where it was when it is opened again', async () => {
  const { open, write } = await start();
  await write(1, 2);
  const first = await open();
  await first.catchUp();
  assert.equal(first.call<'count'>({ kind: 'count' }), 2);
  const applied = first.status.appliedSequence;
  await first.close();
  await assert.rejects(first.catchUp(), { code: 'unavailable' });
  await write(3);
  await using second = await open();
  assert.equal(second.status.appliedSequence, applied);
  await second.catchUp();
  assert.equal(second.call<'count'>({ kind: 'count' }), 3);
});

test('a scan is of one state, however much is written meanwhile', async () => {
  const { open, write } = await start();
  await write(1, 2, 3);
  await using replica = await open();
  await replica.catchUp();
  const seen: unknown[] = [];
  {
    using scan = await replica.scan();
    await write(4);
    for (const { id } of scan.points) {
      seen.push(id);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(scan.state.pointsCount, 3);
    assert.equal(replica.status.appliedSequence, scan.state.appliedSequence);
  }
  assert.deepEqual(seen, [1, 2, 3]);
  await replica.catchUp();
  using later = await replica.scan();
  assert.deepEqual([...later.points].length, 4);
});

test('a replica of an empty stream answers once it has caught up, and reports that', async () => {
  const { open } = await start();
  const reported: boolean[] = [];
  await using replica = await open(({ caughtUp }) => reported.push(caughtUp));
  await replica.catchUp();
  assert.equal(replica.call<'count'>({ kind: 'count' }), 0);
  assert.equal(reported.at(-1), true);
});
