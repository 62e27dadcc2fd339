import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { FIRST_GENERATION, sequence, shardId } from '@tributary/model';
import { identifyProcess } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { JetStreamWriteStreams } from './jetstream-write-streams.ts';
import { findNatsServer } from './server-binary.ts';
import { connectTo, serverOptions, startServer, temporaryFolder } from './test-server.ts';
import { COLLECTION } from './test-workload.ts';

const LIMIT = { timeout: 180_000 };

test('a stopped server keeps its store and its ports', LIMIT, async () => {
  await using folder = await temporaryFolder();
  const first = await startServer(serverOptions(folder.path));
  const { clientUrl, monitoringUrl, pid } = first;
  {
    await using connection = await connectTo([clientUrl]);
    const streams = new JetStreamWriteStreams({ connection, replicas: 1 });
    const stream = await streams.create(COLLECTION);
    await stream.append([{ shard: shardId(0), messageId: 'a', data: new Uint8Array(3) }]);
  }
  await first.stop();
  assert.equal(await identifyProcess(pid ?? 0), undefined, 'the process has ended');
  await using second = await startServer(serverOptions(folder.path));
  assert.deepEqual([second.clientUrl, second.monitoringUrl], [clientUrl, monitoringUrl]);
  assert.equal(second.adopted, false);
  await using connection = await connectTo([clientUrl]);
  const stream = new JetStreamWriteStreams({ connection, replicas: 1 }).open(
    COLLECTION,
    FIRST_GENERATION,
  );
  assert.equal((await stream.get(sequence(1)))?.data.length, 3);
});

test('a server outlives the crash of its peer and is adopted', LIMIT, async () => {
  await using folder = await temporaryFolder();
  const script = `
    const { startServer, serverOptions } = await import(${JSON.stringify(`${import.meta.dirname}/test-server.ts`)});
    const supervisor = await startServer(serverOptions(${JSON.stringify(folder.path)}));
    console.log(supervisor.pid);
    setInterval(() => {}, 1000);
  `;
  const peer = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(peer.stdout, 'data');
  const pid = Number(String(output));
  await assert.rejects(startServer(serverOptions(folder.path)), { code: 'precondition_failed' });
  peer.kill('SIGKILL');
  await once(peer, 'exit');
  await using adopter = await startServer(serverOptions(folder.path));
  assert.deepEqual([adopter.adopted, adopter.pid], [true, pid]);
  await using connection = await connectTo([adopter.clientUrl]);
  assert.ok((await connection.nats.rtt()) >= 0);
  process.kill(pid, 'SIGKILL');
  await until('it is started again', () => adopter.restarts === 1 && adopter.pid !== pid);
});

test('a folder has one supervisor at a time, in one process too', LIMIT, async () => {
  await using folder = await temporaryFolder();
  const first = await startServer(serverOptions(folder.path));
  await assert.rejects(startServer(serverOptions(folder.path)), { code: 'precondition_failed' });
  await first.leave();
  await using second = await startServer(serverOptions(folder.path));
  assert.equal(second.adopted, true);
  await first.stop();
  assert.ok(await identifyProcess(second.pid ?? 0), 'who left does not stop it any more');
});

test('the store of a lone server is never opened as part of a cluster', LIMIT, async () => {
  await using folder = await temporaryFolder();
  const options = serverOptions(folder.path);
  await (await startServer(options)).stop();
  await assert.rejects(startServer({ ...options, clusterPort: 0, routes: [] }), (error) => {
    assert.ok(error instanceof Error);
    return /made by a lone nats-server.*would delete its streams.*restore/.test(error.message);
  });
  await (await startServer(options)).stop();
});

test('a store without a record is recognised by its look', LIMIT, async () => {
  await using folder = await temporaryFolder();
  const options = serverOptions(folder.path);
  await mkdir(join(folder.path, 'store/jetstream/$SYS/_js_/_meta_'), { recursive: true });
  await assert.rejects(startServer(options), /made by a nats-server of a cluster/);
});

test('a server that cannot start says why and leaves the folder free', LIMIT, async () => {
  await using folder = await temporaryFolder();
  await using taken = await startServer(serverOptions(join(folder.path, 'one')));
  const options = { ...serverOptions(join(folder.path, 'two')), port: taken.port };
  await assert.rejects(startServer(options), /ended while starting.*address already in use/s);
  await using _ = await startServer({ ...options, port: 0 });
});

test('a nats-server that is too old is refused by name', LIMIT, async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'nats-server');
  await writeFile(path, '#!/bin/sh\necho "nats-server: v2.11.4"\n');
  await chmod(path, 0o755);
  const wanted = /2\.15 or newer is needed: .*nats-server is v2\.11\.4/;
  await assert.rejects(findNatsServer({ environment: { NATS_SERVER: path } }), wanted);
  await assert.rejects(findNatsServer({ environment: { PATH: folder.path } }), wanted);
  await writeFile(path, '#!/bin/sh\necho "nats-server: v3.0.1-dev"\n');
  const found = await findNatsServer({ environment: { PATH: folder.path } });
  assert.deepEqual(found, { path, version: 'v3.0.1-dev' });
});
