import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  FIRST_GENERATION,
  NO_PAYLOAD,
  type PointId,
  shardId,
} from '@tributary/model';
import { FOLLOWER_DEFAULTS } from '@tributary/replication';
import { seededRandom, silentLogger, systemClock, TributaryError } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { Replica } from './replica.ts';

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 1, distance: 'Dot' } },
};
const address = { collection: collectionId('c'), shard: shardId(0) };
const OTHER_SHARD = shardId(1);

/** Of shard 0, after an entry of another shard: one that puts a point, and one that is refused. */
async function writtenStreams(): Promise<MemoryWriteStreams> {
  const streams = new MemoryWriteStreams();
  const stream = await streams.create(address.collection);
  const writes = [
    [OTHER_SHARD, ''],
    [address.shard, ''],
    [address.shard, 'unknown'],
  ] as const;
  for (const [id, [shard, name]] of writes.entries()) {
    const points = [{ id, vectors: { [name]: Float32Array.of(1) }, payload: NO_PAYLOAD }];
    const operations = [{ kind: 'upsert' as const, points }];
    const messageId = `${id}`;
    const data = encodeEntry({ operationId: messageId, timeMs: 1, operations });
    await stream.append([{ shard, messageId, data }]);
  }
  return streams;
}

/** The first dead letter cannot be recorded; readers opened after that find nothing and say that something is lost. */
function failOnce(streams: MemoryWriteStreams): void {
  const stream = streams.open(address.collection, FIRST_GENERATION);
  const openReader = stream.openReader.bind(stream);
  const deadLetter = streams.deadLetter.bind(streams);
  let hasFailed = false;
  streams.open = () => stream;
  streams.deadLetter = async (letter) => {
    if (hasFailed) return await deadLetter(letter);
    hasFailed = true;
    throw new TributaryError('unavailable', 'out of reach on purpose');
  };
  stream.openReader = async (shard, after) => {
    const reader = await openReader(shard, after);
    const next = reader.next.bind(reader);
    reader.next = async (options) => {
      if (hasFailed) throw new TributaryError('corrupt', 'lost on purpose');
      return await next(options);
    };
    return reader;
  };
}

test('what was evaluated before a failure is committed with no earlier sequence', async () => {
  const streams = await writtenStreams();
  failOnce(streams);
  const stores = new MemoryReplicaStores();
  const open = stores.open.bind(stores);
  const commits: { sequence: number; ids: PointId[] }[] = [];
  stores.open = async (name) => {
    const store = await open(name);
    const commit = store.commit.bind(store);
    store.commit = (changes) => {
      commits.push({ sequence: changes.appliedSequence, ids: changes.puts.map(({ id }) => id) });
      return commit(changes);
    };
    return store;
  };
  const stopping = new AbortController();
  const options = {
    ...{ address, config, createdVectors: config, generation: FIRST_GENERATION, streams, stores },
    createIndex: async () => new MemoryVectorIndex('Dot'),
    // Time that stands still: both entries are evaluated in one batch, however slow the machine.
    clock: { ...systemClock, monotonicMs: () => 0 },
    ...{ random: seededRandom(1), logger: silentLogger },
    turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
    onStatus: () => {},
    // One sequence at a time, so that what comes first is the other shard's alone.
    follower: { ...FOLLOWER_DEFAULTS, refetchMax: 1 },
  };
  await using replica = await Replica.open(options, stopping.signal);
  const stopped = replica.run(stopping.signal);
  await replica.catchUp();
  stopping.abort();
  await stopped;
  assert.deepEqual(commits, [
    { sequence: 1, ids: [] },
    { sequence: 2, ids: [1] },
    { sequence: 3, ids: [] },
  ]);
  assert.deepEqual(
    streams.deadLetters.map(({ sequence }) => sequence),
    [3],
  );
});
