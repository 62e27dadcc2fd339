// A host whose workers run in the thread of its tests, on streams and stores in memory.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSegmentBuilder, createVectorIndex } from '@tributary/index';
import { MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  FIRST_GENERATION,
  type PeerId,
  type PointId,
  type PointOperation,
  peerId,
  shardId,
} from '@tributary/model';
import { silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { type AppliedReport, encodeEntry } from '@tributary/wire';
import { DamagedStores } from './damaged-stores.test-support.ts';
import { ReplicaHost } from './replica-host.ts';
import { ReplicaWorker } from './replica-worker.ts';
import type { WorkerEvents, WorkerProcess } from './worker-link.ts';
import type { ToWorker } from './worker-protocol.ts';

export const SELF = peerId(1);
export const OTHER = peerId(2);
export const address = { collection: collectionId('c'), shard: shardId(0) };
export const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 2, distance: 'Euclid' } },
};
export const around = { clock: systemClock, random: systemRandom, logger: silentLogger };

/** A host whose workers run in this thread, on streams and stores in memory. */
export async function createHarness(prepare = async (_stores: DamagedStores) => {}) {
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
          graphVectorsMin: Number.POSITIVE_INFINITY,
          smallTailVectorsMax: 0,
          wornVectorsMin: 0,
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
  const listeners = new Set<(report: AppliedReport) => void>();
  const reporting = {
    publish: (report: AppliedReport) => {
      reports.push(report);
      for (const listener of listeners) listener(report);
    },
    subscribe: (listener: (report: AppliedReport) => void) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
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
      () => ({ kind: 'peerJoined', peer, uri, version: '0.1.0', featureLevel: 1 }),
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
    report: reporting.publish,
    processes,
    signal: AbortSignal.timeout(60_000),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export type Harness = Awaited<ReturnType<typeof createHarness>>;

export async function createCollection(
  { streams, metadata, signal }: Harness,
  peers: readonly PeerId[],
) {
  await streams.create(address.collection);
  const shards = [{ id: address.shard, peers }];
  await metadata.propose(
    () => ({ kind: 'collectionCreated', id: address.collection, name: 'c', config, shards }),
    signal,
  );
}

export async function activateOther({ metadata, signal }: Harness) {
  const change = { from: 'Initializing' as const, to: 'Active' as const };
  await metadata.propose(
    () => ({ kind: 'replicaStatesChanged', changes: [{ ...address, peer: OTHER, ...change }] }),
    signal,
  );
}

export function stateOf({ metadata }: Harness, peer: PeerId) {
  return metadata.state.collections.get('c')?.shards.get(shardId(0))?.replicas.get(peer);
}

export async function write(harness: Harness, ...ids: PointId[]) {
  const points = ids.map((id) => ({
    id,
    vectors: { '': Float32Array.of(Number(id), 0) },
    payload: new Uint8Array(0),
  }));
  return await append(harness, { kind: 'upsert', points });
}

export async function append({ streams, signal }: Harness, operation: PointOperation) {
  const operations = [operation];
  const data = encodeEntry({ operationId: systemRandom.id(), timeMs: 1, operations });
  const message = { shard: address.shard, messageId: systemRandom.id(), data };
  return await streams.open(address.collection, FIRST_GENERATION).append([message], signal);
}

export const count = (harness: Harness) => harness.host.client.call(address, { kind: 'count' });
export const infoOf = (harness: Harness) => harness.host.client.call(address, { kind: 'info' });
export const idsFrom = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
export const countIs = (harness: Harness, expected: number) =>
  until(`${expected} points`, async () => (await count(harness).catch(() => -1)) === expected);
