// Qdrant's client for Java, as it is, against a real peer over gRPC: what Spring AI and others stand on.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { type JavaFound, javaWithClient } from './clients/java-environment.ts';

const CHECKS = join(import.meta.dirname, 'java/ClientChecks.java');
/** The checks are counted, so that a program that checks nothing does not pass. */
const CHECK_COUNT = 20;
const WITHIN_MS = 180_000;
/** It runs once and briefly: compiling it well would take longer than running it. */
const QUICK = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];

let folder: string;
let cluster: ProcessCluster;
let java: JavaFound;

before(async () => {
  java = await javaWithClient();
  folder = mkdtempSync(join(tmpdir(), 'tributary-java-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('the Java client 1.18 does its normal work', async (context) => {
  if ('missing' in java) {
    context.skip(java.missing);
    return;
  }
  const [host = '', port = ''] = cluster.peers[0]?.grpcAddress.split(':') ?? [];
  const args = [...QUICK, '-cp', java.classPath, CHECKS, host, port];
  const running = promisify(execFile)('java', args, { timeout: WITHIN_MS });
  const { stdout } = await running.catch((error) => assert.fail(`${error.stdout}${error.stderr}`));
  assert.equal(stdout.trim().split('\n').length, CHECK_COUNT, stdout);
});
