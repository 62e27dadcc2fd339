import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  peerId,
  shardId,
} from '@tributary/model';
import {
  connectNats,
  ensureClusterStreams,
  JetStreamWriteStreams,
  NatsAppliedReports,
  NatsServerSupervisor,
} from '@tributary/nats';
import { seededRandom, silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { encodeEntry } from '@tributary/wire';
import { createReplicaHost } from './create-replica-host.ts';
import type { ReplicaHost } from './replica-host.ts';

const SELF = peerId(1);
/** Enough for a graph to pay at this dimension. */
const POINTS = 10_000;
const SIZE = 128;
const address = { collection: collectionId('real'), shard: shardId(0) };
const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: SIZE, distance: 'Euclid' } },
  shardNumber: 1,
  replicationFactor: 1,
  optimizers: { ...COLLECTION_DEFAULTS.optimizers, indexingThresholdKb: 100 },
};
const around = { clock: systemClock, random: systemRandom, logger: silentLogger };
const random = seededRandom(5);
const vectors = Array.from({ length: POINTS }, () =>
  Float32Array.from({ length: SIZE }, () => random.next()),
);

async function createSurroundings() {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tributary-replica-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const server = await NatsServerSupervisor.start({
    ...around,
    name: 'test',
    dataDir: join(folder, 'nats'),
    host: '127.0.0.1',
    port: 0,
    httpPort: 0,
    projectRoot: join(import.meta.dirname, '../../..'),
    readyForMs: 20_000,
  });
  stack.defer(() => server.stop());
  const urls = [`nats://127.0.0.1:${server.port}`];
  const connection = stack.use(await connectNats({ ...around, urls, name: 'test' }));
  await ensureClusterStreams(connection, { replicas: 1 });
  const metadata = new MetadataReplica({ ...around, log: new MemoryMetadataLog() });
  const stop = new AbortController();
  const running = metadata.run(stop.signal);
  stack.defer(async () => {
    stop.abort();
    await running;
  });
  const { signal } = stop;
  const uri = 'http://127.0.0.1:1';
  await metadata.propose(
    () => ({ kind: 'peerJoined', peer: SELF, uri, version: '1', featureLevel: 1 }),
    signal,
  );
  const id = address.collection;
  await metadata.propose(
    () => ({
      kind: 'collectionCreated',
      id,
      name: 'real',
      config,
      shards: [{ id: shardId(0), peers: [SELF] }],
    }),
    signal,
  );
  const streams = new JetStreamWriteStreams({ connection, replicas: 1 });
  const stream = await streams.create(id);
  const owned = stack.move();
  return {
    folder,
    urls,
    connection,
    metadata,
    stream,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Surroundings = Awaited<ReturnType<typeof createSurroundings>>;

/** Runs a host until `work` is done. */
async function withHost(
  { metadata, connection, urls, folder }: Surroundings,
  work: (host: ReplicaHost) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  await using host = createReplicaHost({
    peer: SELF,
    metadata,
    reports: new NatsAppliedReports(connection),
    natsUrls: urls,
    natsReplicas: 1,
    dataFolder: join(folder, 'data'),
    workers: 1,
    logger: silentLogger,
    logLevel: 'silent',
  });
  const running = host.run(stop.signal);
  try {
    await work(host);
  } finally {
    stop.abort();
    await running;
  }
}

async function infoWhen(host: ReplicaHost, isReady: (info: Info) => boolean): Promise<Info> {
  for (let tries = 0; tries < 1_000; tries++) {
    const info = await host.client.call(address, { kind: 'info' }).catch(() => undefined);
    if (info !== undefined && isReady(info)) return info;
    await systemClock.sleep(20);
  }
  assert.fail('the replica never came so far');
}

type Info = Awaited<ReturnType<typeof info>>;
const info = (host: ReplicaHost) => host.client.call(address, { kind: 'info' });

async function assertFindable(host: ReplicaHost): Promise<void> {
  const projection = { payload: { kind: 'all' as const }, vectors: { kind: 'none' as const } };
  const sample = Array.from({ length: 50 }, (_, i) => (i * 101) % POINTS);
  const queries = sample.map((id) => ({
    scoring: { kind: 'nearest' as const, vector: vectors[id] ?? new Float32Array(SIZE) },
    using: '',
    limit: 1,
    params: {},
    projection,
  }));
  const answers = await host.client.call(address, { kind: 'search', queries });
  const found = answers.filter(([hit], i) => hit?.id === sample[i]).length;
  assert(found >= 49, `${found} of 50 points are found by their own vector`);
}

test('on threads, NATS and RocksDB, points and segments outlive a restart', async () => {
  await using surroundings = await createSurroundings();
  const { stream, folder } = surroundings;
  for (let from = 0; from < POINTS; from += 500) {
    const points = vectors.slice(from, from + 500).map((vector, i) => ({
      id: from + i,
      vectors: { '': vector },
      payload: Buffer.from(JSON.stringify({ n: from + i })),
    }));
    const operations = [{ kind: 'upsert' as const, points }];
    const data = encodeEntry({ operationId: systemRandom.id(), timeMs: 1, operations });
    await stream.append([{ shard: address.shard, messageId: systemRandom.id(), data }]);
  }
  let hash = '';
  await withHost(surroundings, async (host) => {
    const info = await infoWhen(
      host,
      ({ pointsCount, segmentsCount, optimizing }) =>
        pointsCount === POINTS && segmentsCount > 0 && !optimizing,
    );
    hash = info.contentHash;
    await assertFindable(host);
  });
  assert.equal((await readdir(join(folder, 'data/replicas'))).length, 1);
  await withHost(surroundings, async (host) => {
    const info = await infoWhen(host, ({ pointsCount }) => pointsCount === POINTS);
    assert.equal(info.contentHash, hash);
    assert(info.segmentsCount > 0, 'the segments were taken up, not built again');
    const verified = await host.client.call(address, { kind: 'verify' });
    assert.equal(verified.contentHash, hash);
    await assertFindable(host);
  });
});
