import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { createSegmentBuilder, createVectorIndex } from '@tributary/index';
import { MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  type PeerId,
  type PointId,
  type PointOperation,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import { silentLogger, systemClock, systemRandom, TributaryError } from '@tributary/runtime';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { type AppliedReport, encodeEntry } from '@tributary/wire';
import { DamagedStores } from './damaged-stores.test-support.ts';
import { ReplicaHost } from './replica-host.ts';
import { ReplicaWorker } from './replica-worker.ts';
import type { WorkerEvents, WorkerProcess } from './worker-link.ts';
import type { ToWorker } from './worker-protocol.ts';

const SELF = peerId(1);
const OTHER = peerId(2);
const address = { collection: collectionId('c'), shard: shardId(0) };
const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 2, distance: 'Euclid' } },
};
const around = { clock: systemClock, random: systemRandom, logger: silentLogger };

/** A host whose workers run in this thread, on streams and stores in memory. */
async function createHarness(prepare = async (_stores: DamagedStores) => {}) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tributary-host-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const builder = stack.use(createSegmentBuilder({ logger: silentLogger }));
  const streams = new MemoryWriteStreams();
  const stores = new DamagedStores();
  await prepare(stores);
  const metadata = new MetadataReplica({ log: new MemoryMetadataLog(), ...around });
  const stop = new AbortController();
  const running = [metadata.run(stop.signal)];
  const reports: AppliedReport[] = [];
  const processes: { crash: () => Promise<void> }[] = [];
  const startWorker = (_index: number, events: WorkerEvents): WorkerProcess => {
    let deliver: (message: ToWorker) => void = () => {};
    const worker = new ReplicaWorker({
      ...around,
      streams,
      stores,
      createIndex: ({ table, vectorName }) =>
        createVectorIndex({
          ...around,
          builder,
          size: 2,
          distance: 'Euclid',
          m: 16,
          efConstruct: 100,
          tailVectorsMax: 1_000_000,
          deletedShareMax: 0.3,
          folder: join(folder, `v${vectorName}`),
          identify: (offset) => table.idAt(offset) ?? 0,
        }),
      dropIndexes: async () => {},
      onStopped: async () => {},
      onCrash: (error) => events.onGone(error instanceof Error ? error : new Error(String(error))),
      turn: () => new Promise((resolve) => setImmediate(resolve)),
      port: {
        post: (message) => setImmediate(() => events.onMessage(structuredClone(message))),
        listen: (listener) => {
          deliver = listener;
        },
      },
    });
    worker.start();
    processes.push({
      crash: async () => {
        await worker.stop();
        events.onGone(new Error('crashed on purpose'));
      },
    });
    return {
      post: (message) => setImmediate(() => deliver(structuredClone(message))),
      terminate: async () => {},
    };
  };
  const reporting = {
    publish: (report: AppliedReport) => {
      reports.push(report);
    },
    subscribe: () => ({ [Symbol.dispose]: () => {} }),
  };
  const host = new ReplicaHost({
    ...around,
    peer: SELF,
    metadata,
    reports: reporting,
    startWorker,
    workers: 1,
  });
  running.push(host.run(stop.signal));
  stack.defer(async () => {
    stop.abort();
    await Promise.all(running);
  });
  for (const peer of [SELF, OTHER]) {
    const uri = `http://127.0.0.1:${peer}`;
    await metadata.propose(
      () => ({ kind: 'peerJoined', peer, uri, version: '0.1.0' }),
      stop.signal,
    );
  }
  const owned = stack.move();
  return {
    host,
    metadata,
    streams,
    stores,
    reports,
    processes,
    signal: AbortSignal.timeout(60_000),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Harness = Awaited<ReturnType<typeof createHarness>>;

async function createCollection({ streams, metadata, signal }: Harness, peers: readonly PeerId[]) {
  await streams.create(address.collection);
  const placement = [peers];
  await metadata.propose(
    () => ({ kind: 'collectionCreated', id: address.collection, name: 'c', config, placement }),
    signal,
  );
}

async function activateOther({ metadata, signal }: Harness) {
  const change = { from: 'Initializing' as const, to: 'Active' as const };
  await metadata.propose(
    () => ({ kind: 'replicaStateChanged', ...address, peer: OTHER, ...change }),
    signal,
  );
}

function stateOf({ metadata }: Harness, peer: PeerId) {
  return metadata.state.collections.get('c')?.shards[0]?.replicas.get(peer);
}

async function write(harness: Harness, ...ids: PointId[]) {
  const points = ids.map((id) => ({
    id,
    vectors: { '': Float32Array.of(Number(id), 0) },
    payload: new Uint8Array(0),
  }));
  return await append(harness, { kind: 'upsert', points });
}

async function append({ streams, signal }: Harness, operation: PointOperation) {
  const operations = [operation];
  const data = encodeEntry({ operationId: systemRandom.id(), timeMs: 1, operations });
  const message = { shard: address.shard, messageId: systemRandom.id(), data };
  return await streams.open(address.collection).append([message], signal);
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await condition()) return;
    await systemClock.sleep(10);
  }
  assert.fail(`never: ${what}`);
}

const count = (harness: Harness) => harness.host.client.call(address, { kind: 'count' });
const countIs = (harness: Harness, expected: number) =>
  until(async () => (await count(harness).catch(() => -1)) === expected, `${expected} points`);

test('a placed replica takes what is in the stream, becomes Active, and answers', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1, 2, 3);
  await until(() => stateOf(harness, SELF) === 'Active', 'Active');
  assert.equal(await count(harness), 3);
  const query = {
    scoring: { kind: 'nearest' as const, vector: Float32Array.of(2.2, 0) },
    using: '',
    limit: 1,
    params: {},
    projection: { payload: { kind: 'none' as const }, vectors: { kind: 'all' as const } },
  };
  const [hits] = await harness.host.client.call(address, { kind: 'search', queries: [query] });
  assert.deepEqual(hits?.[0]?.id, 2);
  assert.deepEqual(hits?.[0]?.vectors, { '': Float32Array.of(2, 0) });
});

test('what is applied is reported at once, and whole again and again', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  const { sequence: written } = await write(harness, 1);
  const reported = () =>
    harness.reports.filter(({ replicas }) =>
      replicas.some(({ appliedSequence }) => appliedSequence >= written),
    ).length;
  await until(() => reported() > 0, 'a report');
  await until(() => reported() > 2, 'a sign of life');
});

test('errors of a replica reach the caller with their code', async () => {
  await using harness = await createHarness();
  await assert.rejects(count(harness), { code: 'not_found' });
  await createCollection(harness, [SELF]);
  await countIs(harness, 0);
  const query = {
    scoring: { kind: 'nearest' as const, vector: Float32Array.of(1, 2, 3) },
    using: '',
    limit: 1,
    params: {},
    projection: { payload: { kind: 'none' as const }, vectors: { kind: 'none' as const } },
  };
  const wrong = harness.host.client.call(address, { kind: 'search', queries: [query] });
  await assert.rejects(wrong, { code: 'wrong_input' });
  const given = AbortSignal.abort();
  await assert.rejects(harness.host.client.call(address, { kind: 'count' }, given), {
    code: 'cancelled',
  });
});

test('a replica that is no longer placed here goes with its data', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await countIs(harness, 1);
  assert.deepEqual(await harness.stores.list(), ['0-c']);
  const deleted = { kind: 'collectionDeleted' as const, id: address.collection };
  await harness.metadata.propose(() => deleted, harness.signal);
  await until(async () => (await harness.stores.list()).length === 0, 'the store is dropped');
  await assert.rejects(count(harness), { code: 'not_found' });
});

test('a replica that is opened again with other settings answers every call meanwhile', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await countIs(harness, 1);
  let openings = 0;
  const open = harness.stores.open.bind(harness.stores);
  harness.stores.open = async (name) => {
    openings++;
    await systemClock.sleep(50);
    return await open(name);
  };
  for (const m of [8, 12]) {
    const changed = { ...config, hnsw: { ...config.hnsw, m } };
    const event = { kind: 'collectionUpdated' as const, id: address.collection, config: changed };
    await harness.metadata.propose(() => event, harness.signal);
    // Before the first read a replica is asked to catch up.
    await harness.host.catchUp(address, harness.signal);
    assert.equal(await count(harness), 1);
  }
  assert.equal(openings, 2);
  await write(harness, 2);
  await countIs(harness, 2);
});

test('a crashed worker comes back with its replicas', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await countIs(harness, 1);
  await harness.processes[0]?.crash();
  await write(harness, 2);
  const answers: number[] = [];
  const answered = () => count(harness).then((counted) => answers.push(counted));
  await until(
    () =>
      answered()
        .catch(() => 0)
        .then((given) => given > 0),
    'an answer',
  );
  assert.deepEqual(answers, [2], 'it has what was written while it was away');
  assert.equal(harness.processes.length, 2);
});

test('a replica that cannot go on is declared Dead while another one is Active', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF, OTHER]);
  await write(harness, 1);
  await until(() => stateOf(harness, SELF) === 'Active', 'Active');
  await activateOther(harness);
  await harness.processes[0]?.crash();
  await write(harness, 2);
  await write(harness, 3);
  await harness.streams.open(address.collection).purge(sequence(3));
  await until(() => stateOf(harness, SELF) === 'Dead', 'Dead');
});

test('a store with damaged bytes is replaced by a replay, and opened again where a read meets some', async () => {
  await using harness = await createHarness();
  const { stores } = harness;
  let failures = 0;
  const open = stores.open.bind(stores);
  stores.open = async (name) => {
    failures++;
    if (failures === 1) throw new TributaryError('corrupt', 'damaged on purpose');
    return await open(name);
  };
  await createCollection(harness, [SELF]);
  await write(harness, 1, 2);
  await countIs(harness, 2);
  assert.equal(failures, 2);
  stores.corruptReads = true;
  const verifying = harness.host.client.call<'verify'>(address, { kind: 'verify' });
  await assert.rejects(verifying, { code: 'corrupt' });
  await until(() => failures === 3, 'the store is opened again');
});

test('a replica that is filled by replay answers nothing until it holds everything', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  const ids = Array.from({ length: 100 }, (_, i) => i + 1);
  for (const id of ids) await write(harness, id);
  await until(() => stateOf(harness, SELF) === 'Active', 'Active');
  const openStore = harness.stores.open.bind(harness.stores);
  harness.stores.open = async (name) => {
    harness.stores.open = openStore;
    await harness.stores.drop(name);
    return await openStore(name);
  };
  const stream = harness.streams.open(address.collection);
  const openReader = stream.openReader.bind(stream);
  harness.streams.open = () => stream;
  stream.openReader = async (shard, after) => {
    const reader = await openReader(shard, after);
    const next = reader.next.bind(reader);
    reader.next = async (options) => {
      await systemClock.sleep(20);
      return await next({ ...options, messagesMax: 20 });
    };
    return reader;
  };
  await harness.processes[0]?.crash();
  const refusals = new Set<string>();
  await until(async () => {
    const counted = await count(harness).catch((error: Error) => void refusals.add(error.message));
    if (counted !== undefined) assert.equal(counted, ids.length);
    return counted !== undefined;
  }, 'an answer');
  assert.match([...refusals].join(), /filled by replay/);
});

test('a store that cannot be replayed is left as it is, and said to be', async () => {
  await using harness = await createHarness();
  const { stores, streams } = harness;
  stores.open = () => Promise.reject(new TributaryError('corrupt', 'damaged on purpose'));
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await write(harness, 2);
  await streams.open(address.collection).purge(sequence(2));
  const halted = () => harness.host.statuses[0]?.halted;
  await until(() => halted() !== undefined, 'the replica is halted');
  assert.match(halted()?.reason ?? '', /damaged on purpose/);
  await assert.rejects(count(harness), { code: 'unavailable', message: /damaged on purpose/ });
});

test('a Dead replica with damaged points is replayed from the start and becomes Active again', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF, OTHER]);
  await write(harness, 1, 2);
  await until(() => stateOf(harness, SELF) === 'Active', 'Active');
  await activateOther(harness);
  const store = harness.stores;
  store.corruptReads = true;
  const selector = { kind: 'ids' as const, ids: [1] };
  await append(harness, { kind: 'setPayload', selector, payload: { a: 1 } });
  await until(() => stateOf(harness, SELF) === 'Dead', 'Dead');
  store.corruptReads = false;
  await until(() => stateOf(harness, SELF) === 'Active', 'Active again');
  assert.equal(await count(harness), 2);
});

test('what an earlier run left and nobody placed here is removed before anything is opened', async () => {
  await using harness = await createHarness(async (stores) => {
    await (await stores.open('7-left')).close();
  });
  await createCollection(harness, [SELF]);
  await countIs(harness, 0);
  assert.deepEqual(await harness.stores.list(), ['0-c']);
});
