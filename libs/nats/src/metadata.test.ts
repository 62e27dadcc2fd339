import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { JetStreamManager } from '@nats-io/jetstream';
import { leaseStoreConformance, metadataLogConformance } from '@tributary/metadata/conformance';
import { clusterId, collectionId, peerId, sequence, shardId } from '@tributary/model';
import { systemClock } from '@tributary/runtime';
import type { AppliedReport } from '@tributary/wire';
import { ensureClusterStreams, META_STREAM, SNAPSHOT_BUCKET } from './cluster-streams.ts';
import { JetStreamMetadataLog } from './jetstream-metadata-log.ts';
import { NatsAppliedReports } from './nats-applied-reports.ts';
import { NatsClusterId } from './nats-cluster-id.ts';
import { NatsLeaseStore } from './nats-lease-store.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let keys = 0;

before(async () => {
  server = await startTestServer();
  await ensureClusterStreams(server.connection, { replicas: 1 });
});

after(() => server[Symbol.asyncDispose]());

metadataLogConformance('JetStream', async () => {
  const { connection } = server;
  const manager = await connection.manager();
  await manager.streams.delete(META_STREAM);
  await manager.streams.delete(`KV_${SNAPSHOT_BUCKET}`);
  await ensureClusterStreams(connection, { replicas: 1 });
  return { open: async () => new JetStreamMetadataLog(connection), dispose: async () => {} };
});

leaseStoreConformance('NATS', async () => {
  const key = `lease-${keys++}`;
  return {
    open: async () => new NatsLeaseStore(server.connection, key),
    passTime: (ms) => systemClock.sleep(ms),
    dispose: async () => {},
    ttlMs: 300,
  };
});

test('a hole in the log is corrupt, and the events behind it are not folded', async () => {
  const { connection } = server;
  const manager = await connection.manager();
  const { config } = await manager.streams.info(META_STREAM);
  await manager.streams.delete(META_STREAM);
  // The stream as a peer makes it refuses this deletion.
  await manager.streams.add({ ...config, deny_delete: false });
  const log = new JetStreamMetadataLog(connection);
  const event = (peer: number) =>
    ({
      kind: 'peerJoined',
      peer: peerId(peer),
      uri: 'http://p:1',
      version: '1',
      featureLevel: 1,
    }) as const;
  for (let i = 0; i < 3; i++) await log.append(event(i + 1), sequence(i));
  await manager.streams.deleteMessage(META_STREAM, 2);
  const folded: number[] = [];
  const follow = async () => {
    const { signal } = new AbortController();
    for await (const { sequence: at } of log.follow(sequence(0), signal)) folded.push(at);
  };
  await assert.rejects(follow(), { code: 'corrupt', message: /events 2 to 2 are lost/ });
  assert.deepEqual(folded, [1]);
  await manager.streams.delete(META_STREAM);
  await ensureClusterStreams(connection, { replicas: 1 });
});

test('creating the streams of the cluster again keeps what is in them', async () => {
  const store = new NatsLeaseStore(server.connection, 'kept');
  const lease = await store.acquire('one', 60_000);
  await ensureClusterStreams(server.connection, { replicas: 1 });
  assert.deepEqual(await store.current(), lease);
});

test('of peers that claim the servers at once one wins, and its id stays', async () => {
  const ids = [1, 2, 3].map((n) => clusterId(`0000000${n}-0000-4000-8000-000000000000`));
  const clusterOf = () => new NatsClusterId(server.connection);
  assert.equal(await clusterOf().read(), undefined);
  const claimed = await Promise.all(ids.map((id) => clusterOf().claim(id)));
  assert.equal(new Set(claimed).size, 1);
  await ensureClusterStreams(server.connection, { replicas: 1 });
  assert.equal(await clusterOf().read(), claimed[0]);
});

test('a report reaches every subscriber, also this one, until it is disposed', async () => {
  const reports = new NatsAppliedReports(server.connection);
  const collection = collectionId('c');
  const report = (applied: number): AppliedReport => ({
    peer: peerId(7),
    replicas: [{ collection, shard: shardId(1), appliedSequence: sequence(applied) }],
  });
  const seen: AppliedReport[] = [];
  {
    using _ = reports.subscribe((each) => seen.push(each));
    reports.publish(report(1));
    server.connection.nats.publish('tributary.applied', new Uint8Array([255, 255]));
    reports.publish(report(2));
    await server.connection.nats.flush();
    await systemClock.sleep(20);
  }
  reports.publish(report(3));
  await server.connection.nats.flush();
  assert.deepEqual(seen, [report(1), report(2)]);
});

test('events arrive though the consumer that should deliver them does nothing any more', async () => {
  const { connection } = server;
  const log = new JetStreamMetadataLog(connection);
  const stop = new AbortController();
  const after = await log.lastSequence();
  const events = log.follow(after, stop.signal)[Symbol.asyncIterator]();
  const next = events.next();
  const manager = await connection.manager();
  const paused = await pauseAllConsumers(manager, META_STREAM);
  assert.ok(paused > 0, 'there was a consumer to be paused');
  const event = { kind: 'peerRemoved', peer: peerId(9) } as const;
  const appended = await log.append(event, after);
  assert.deepEqual((await next).value, { sequence: appended, event });
  stop.abort();
  await events.return?.(undefined);
});

/** A paused consumer sends its heartbeats and delivers nothing, as one does that has lost touch with its stream. */
async function pauseAllConsumers(manager: JetStreamManager, stream: string): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    let paused = 0;
    for await (const { name } of manager.consumers.list(stream)) {
      await manager.consumers.pause(stream, name, new Date(systemClock.nowMs() + 60_000));
      paused++;
    }
    if (paused > 0) return paused;
    await systemClock.sleep(20);
  }
  return 0;
}
