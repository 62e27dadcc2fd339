import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  FIRST_GENERATION,
  NO_PAYLOAD,
  shardId,
} from '@tributary/model';
import { seededRandom, silentLogger, systemClock, TributaryError } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { ReplicaWorker } from './replica-worker.ts';
import { WorkerLink } from './worker-link.ts';
import type { ToWorker } from './worker-protocol.ts';

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 1, distance: 'Dot' } },
};
const address = { collection: collectionId('c'), shard: shardId(0) };
const opened = { address, config, createdVectors: config, generation: FIRST_GENERATION };

/** A worker with one replica that has one point, and a gate before its store. */
async function started() {
  const streams = new MemoryWriteStreams();
  const stream = await streams.create(address.collection);
  const stores = new MemoryReplicaStores();
  const open = stores.open.bind(stores);
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  stores.open = async (name) => {
    await gate.promise;
    return await open(name);
  };
  let link: WorkerLink | undefined;
  let deliver: (message: ToWorker) => void = () => {};
  const worker = new ReplicaWorker({
    ...{ streams, stores, clock: systemClock, random: seededRandom(1), logger: silentLogger },
    createIndex: async () => new MemoryVectorIndex('Dot'),
    dropIndexes: async () => {},
    onStopped: async () => {},
    onCrash: (error) => assert.fail(String(error)),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    port: {
      listen: (listener) => {
        deliver = listener;
      },
      post: (message) => {
        if (message.kind === 'bytes') link?.take(message.bytes);
      },
    },
  });
  worker.start();
  const worked: WorkerLink = new WorkerLink(
    { post: deliver, terminate: async () => {} },
    'worker 0',
  );
  link = worked;
  const count = () => worked.call<'count'>(address, { kind: 'count' });
  const write = async (id: number) => {
    const points = [{ id, vectors: { '': Float32Array.of(1) }, payload: NO_PAYLOAD }];
    const operations = [{ kind: 'upsert' as const, points }];
    const data = encodeEntry({ operationId: `${id}`, timeMs: 1, operations });
    await stream.append([{ shard: address.shard, messageId: `${id}`, data }]);
  };
  const reopenBehindGate = () => {
    gate = Promise.withResolvers<void>();
    deliver({ kind: 'reopen', ...opened });
    return gate;
  };
  await write(1);
  deliver({ kind: 'reopen', ...opened });
  await worked.catchUp(address, AbortSignal.timeout(10_000));
  assert.equal(await count(), 1);
  const stop = () => worker.stop();
  return { streams, count, write, reopenBehindGate, [Symbol.asyncDispose]: stop };
}

test('a replica that is opened again answers what waited for it with what was written meanwhile', async () => {
  await using running = await started();
  const gate = running.reopenBehindGate();
  const counted = running.count();
  await running.write(2);
  gate.resolve();
  assert.equal(await counted, 2);
});

test('it answers with what it has where the end of the stream is unknown', async () => {
  await using running = await started();
  const stream = running.streams.open(address.collection, FIRST_GENERATION);
  running.streams.open = () => stream;
  const { promise: untold, reject: giveUp } = Promise.withResolvers<never>();
  stream.shardHead = () => untold;
  const gate = running.reopenBehindGate();
  const counted = running.count();
  gate.resolve();
  assert.equal(await counted, 1);
  giveUp(new TributaryError('unavailable', 'no leader'));
});

test('so many calls wait for a replica and no more, and all of those are answered', async () => {
  await using running = await started();
  const gate = running.reopenBehindGate();
  const calls = Array.from({ length: 1_100 }, () => running.count());
  const refused = calls.slice(1_024);
  for (const call of refused) await assert.rejects(call, { code: 'unavailable' });
  gate.resolve();
  const answers = await Promise.all(calls.slice(0, 1_024));
  assert.ok(answers.every((answer) => answer === 1));
});
