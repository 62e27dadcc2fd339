import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { sequence, shardId } from '@tributary/model';
import { freePorts, systemClock, TributaryError } from '@tributary/runtime';
import type { WriteStream } from '@tributary/stream';
import { ensureClusterStreams } from './cluster-streams.ts';
import type { Connection } from './connection.ts';
import { JetStreamWriteStreams } from './jetstream-write-streams.ts';
import { raftView } from './raft-view.ts';
import type { NatsServerSupervisor } from './server-supervisor.ts';
import {
  connectTo,
  serverOptions,
  startServer,
  startTestServer,
  temporaryFolder,
} from './test-server.ts';
import { COLLECTION, runWorkload } from './test-workload.ts';

const SHARD = shardId(0);
const LIMIT = { timeout: 200_000 };

test(
  'kill -9 of a lone server loses no acknowledged write and writes none twice',
  LIMIT,
  async () => {
    await using server = await startTestServer();
    const { connection, supervisor } = server;
    const streams = new JetStreamWriteStreams({ connection, replicas: 1, acknowledgeMs: 2_000 });
    const stream = await streams.create(COLLECTION);
    await runWorkload(stream, async (untilWritten) => {
      for (let kills = 1; kills <= 3; kills++) {
        await untilWritten(50);
        killNow(supervisor);
        // What was acknowledged in between may have been sent before the kill.
        await untilWritten(50);
        assert.equal(supervisor.restarts, kills);
      }
    });
  },
);

test('answers that are lost or late write nothing twice', LIMIT, async () => {
  await using server = await startTestServer();
  const { connection } = server;
  const streams = new JetStreamWriteStreams({ connection, replicas: 1 });
  const stream = await streams.create(COLLECTION);
  let tries = 0;
  const append: WriteStream['append'] = async (messages) => {
    const appended = stream.append(messages);
    const fate = tries++ % 3;
    if (fate === 0) return await appended;
    appended.catch(() => {});
    // Of the others, one is answered before the answer is lost and one is still under way when it is sent again.
    if (fate === 1) await appended;
    throw new TributaryError('unknown_outcome', 'the answer was lost');
  };
  const forgetful = new Proxy(stream, {
    get: (target, key) => {
      if (key === 'append') return append;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await runWorkload(forgetful, async (untilWritten) => {
    while (tries < 60) await untilWritten(1);
  });
});

test('a lost message on a lone server stops its reader', LIMIT, async () => {
  await using server = await startTestServer();
  const streams = new JetStreamWriteStreams({ connection: server.connection, replicas: 1 });
  const stream = await streams.create(COLLECTION);
  for (let i = 0; i < 20; i++) {
    const data = Buffer.from(`payload-${i}-`.padEnd(2_000, 'x'));
    await stream.append([{ shard: shardId(i % 2), messageId: `${i}`, data }]);
  }
  const { dataDir } = serverOptions(server.folder);
  await server.supervisor.stop();
  await flipByte(join(dataDir, 'store/jetstream/$G/streams', `wal-${COLLECTION}`, 'msgs'));
  const { port } = server.supervisor;
  await using _ = await startServer({ ...serverOptions(server.folder), port });
  await using reader = await stream.openReader(SHARD, sequence(0));
  const read: number[] = [];
  const readToTheEnd = async () => {
    const signal = AbortSignal.timeout(60_000);
    const options = { messagesMax: 100, bytesMax: 1e6, waitMs: 3_000, signal };
    for (;;) {
      try {
        read.push(...(await reader.next(options)).map((message) => message.sequence));
      } catch (error) {
        if (!(error instanceof TributaryError && error.code === 'unavailable')) throw error;
        await systemClock.sleep(100);
      }
    }
  };
  await assert.rejects(readToTheEnd(), { code: 'corrupt' });
  assert.ok(!read.includes(7), 'the damaged message is not handed out');
  await assert.rejects(readToTheEnd(), { code: 'corrupt' }, 'the reader does not go on');
});

test('a purge that overtakes a reader is reported to it, also under writes', LIMIT, async () => {
  await using server = await startTestServer();
  const streams = new JetStreamWriteStreams({ connection: server.connection, replicas: 1 });
  const stream = await streams.create(COLLECTION);
  const write = async (from: number, count: number) => {
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    const data = new Uint8Array(50_000);
    await stream.append(numbers.map((n) => ({ shard: shardId(n % 2), messageId: `${n}`, data })));
  };
  for (let i = 0; i < 8; i++) await write(i * 100, 100);
  await using reader = await stream.openReader(SHARD, sequence(0));
  const { signal } = new AbortController();
  const options = { messagesMax: 10, bytesMax: 1e7, waitMs: 3_000, signal };
  let last = (await reader.next(options)).at(-1)?.sequence ?? 0;
  await stream.purge(sequence(700));
  for (let i = 8; i < 16; i++) await write(i * 100, 100);
  const readOn = async () => {
    for (;;) {
      for (const message of await reader.next(options)) {
        assert.equal(message.sequence, last + 2, 'nothing is skipped');
        last = message.sequence;
      }
    }
  };
  await assert.rejects(readOn(), { code: 'precondition_failed' });
});

test('killing the leader of three servers loses no acknowledged write', LIMIT, async () => {
  await using cluster = await startCluster();
  const { connection, servers } = cluster;
  const streams = new JetStreamWriteStreams({ connection, replicas: 3, acknowledgeMs: 2_000 });
  const stream = await streams.create(COLLECTION);
  await runWorkload(stream, async (untilWritten) => {
    await untilWritten(100);
    const leader = await leaderOf(connection, `wal-${COLLECTION}`);
    const server = servers.get(leader);
    assert.ok(server, `the leader ${leader} is one of the servers`);
    killNow(server);
    await untilWritten(500);
  });
  const server = [...servers.values()].at(0);
  assert.ok(server);
  const view = await raftView(connection, { monitoringUrl: server.monitoringUrl });
  assert.equal(view.members.length, 3);
  assert.equal(view.members.filter(({ isLeader }) => isLeader).length, 1);
  assert.ok((view.term ?? 0) >= 1 && view.group && view.leader, JSON.stringify(view));
});

test('the view of a lone server shows it as the leader of no group', async () => {
  await using server = await startTestServer();
  await ensureClusterStreams(server.connection, { replicas: 1 });
  const view = await raftView(server.connection, {
    monitoringUrl: server.supervisor.monitoringUrl,
  });
  const members = [{ name: 'test', isLeader: true, isCurrent: true }];
  assert.deepEqual(view, { leader: 'test', members, lastSequence: 0 });
});

interface TestCluster extends AsyncDisposable {
  readonly connection: Connection;
  readonly servers: ReadonlyMap<string, NatsServerSupervisor>;
}

async function startCluster(): Promise<TestCluster> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder());
  const ports = await freePorts(3, '127.0.0.1');
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`);
  const servers = new Map<string, NatsServerSupervisor>();
  await Promise.all(
    ports.map(async (clusterPort, i) => {
      const name = `n${i}`;
      const options = { ...serverOptions(join(path, name)), name, clusterPort, routes };
      servers.set(name, stack.use(await startServer(options)));
    }),
  );
  const urls = [...servers.values()].map((server) => server.clientUrl);
  const connection = stack.use(await connectTo(urls));
  await ensureClusterStreams(connection, { replicas: 3, readyForMs: 20_000 });
  const owned = stack.move();
  return { connection, servers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function leaderOf(connection: Connection, stream: string): Promise<string> {
  const manager = await connection.manager();
  return (await manager.streams.info(stream)).cluster?.leader ?? '';
}

function killNow(server: NatsServerSupervisor): void {
  assert.ok(server.pid, 'the server runs');
  process.kill(server.pid, 'SIGKILL');
}

async function flipByte(folder: string): Promise<void> {
  const block = (await readdir(folder)).find((name) => name.endsWith('.blk'));
  assert.ok(block, 'the stream has a block');
  const bytes = await readFile(join(folder, block));
  const at = bytes.indexOf('payload-6-') + 50;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(join(folder, block), bytes);
}
