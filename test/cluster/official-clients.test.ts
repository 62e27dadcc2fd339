// Qdrant's own clients, as they are, against a real peer: two versions of the JavaScript clients over REST and gRPC,
// and the Python client over both. Every answer is compared with brute force over the same points.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as grpc118 from '@qdrant/js-client-grpc';
import * as rest118 from '@qdrant/js-client-rest';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { until } from '@tributary/runtime/testing';
import * as grpc119 from 'js-client-grpc-1.19';
import * as rest119 from 'js-client-rest-1.19';
import { examination } from './clients/examination.ts';
import { grpcChecks } from './clients/grpc-checks.ts';
import type { GrpcClient } from './clients/grpc-client.ts';
import { pythonWithClient } from './clients/python-environment.ts';
import { restChecks } from './clients/rest-checks.ts';
import type { RestClient } from './clients/rest-client.ts';
import { searches } from './clients/rest-read-checks.ts';

const PYTHON_CHECKS = join(import.meta.dirname, 'python/client_checks.py');
const PYTHON_WITHIN_MS = 180_000;
/** Names of the checks are counted, so that a script that checks nothing does not pass. */
const PYTHON_CHECK_COUNT = 11;

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-clients-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  const [first] = cluster.peers;
  assert.ok(first !== undefined);
  peer = first;
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('the REST client 1.18 gets right answers', async (context) => {
  const client = new rest118.QdrantClient({ url: peer.url, checkCompatibility: false });
  for (const { name, run } of restChecks(client, 'rest-118')) await context.test(name, run);
  await context.test('search and its batch', () => searches(client, 'rest-118'));
});

test('the REST client 1.19 gets right answers', async (context) => {
  const client = new rest119.QdrantClient({ url: peer.url, checkCompatibility: false });
  for (const { name, run } of restChecks(sameAs118(client), 'rest-119'))
    await context.test(name, run);
});

test('the gRPC client 1.18 gets right answers', async (context) => {
  const url = `http://${peer.grpcAddress}`;
  const client = new grpc118.QdrantClient({ url, checkCompatibility: false });
  for (const { name, run } of grpcChecks(client, 'grpc-118')) await context.test(name, run);
});

test('the gRPC client 1.19 gets right answers', async (context) => {
  const url = `http://${peer.grpcAddress}`;
  const client = new grpc119.QdrantClient({ url, checkCompatibility: false });
  for (const { name, run } of grpcChecks(sameAs118(client), 'grpc-119'))
    await context.test(name, run);
});

test('no client warns about the version of the server', async (context) => {
  const warnings: unknown[] = [];
  context.mock.method(console, 'warn', (text: unknown) => warnings.push(text));
  const grpcUrl = `http://${peer.grpcAddress}`;
  const clients = [
    new rest118.QdrantClient({ url: peer.url }).versionInfo(),
    new rest119.QdrantClient({ url: peer.url }).versionInfo(),
    new grpc118.QdrantClient({ url: grpcUrl }).api('service').healthCheck({}),
    new grpc119.QdrantClient({ url: grpcUrl }).api('service').healthCheck({}),
  ];
  await Promise.all(clients);
  // The clients' own question about the version is answered by then.
  await sleep(300);
  assert.deepEqual(warnings, []);
  // They do warn, and that is noticed here.
  await using stranger = await startStranger();
  new rest119.QdrantClient({ url: stranger.url });
  await stranger.asked;
  await until('it warns', async () => warnings.length > 0);
  assert.match(String(warnings[0]), /incompatible with server version 1\.3\.0/);
});

for (const protocol of ['rest', 'grpc']) {
  test(`the Python client 1.18 gets right answers over ${protocol}`, async (context) => {
    await checkPython(context, protocol);
  });
}

/** The types of the versions differ in fields that no one reads here; what they do at run time is what is tested. */
function sameAs118(client: rest119.QdrantClient): RestClient;
function sameAs118(client: grpc119.QdrantClient): GrpcClient;
function sameAs118(client: unknown): unknown {
  return client;
}

async function checkPython(context: TestContext, protocol: string): Promise<void> {
  const found = await pythonWithClient();
  if ('missing' in found) {
    context.skip(found.missing);
    return;
  }
  const file = join(folder, 'examination.json');
  writeFileSync(file, examination());
  const ports = [peer.url, peer.grpcAddress].map((address) => address.split(':').at(-1) ?? '');
  // A warning, say about versions, is an error; those of the libraries beneath are not ours to mend.
  const warnings = ['-W', 'error::UserWarning'];
  const args = [...warnings, PYTHON_CHECKS, file, ...ports, protocol, `python-${protocol}`];
  const run = promisify(execFile)(found.python, args, { timeout: PYTHON_WITHIN_MS });
  const { stdout, stderr } = await run.catch((error) => assert.fail(`${error.stderr}`));
  assert.equal(stdout.trim().split('\n').length, PYTHON_CHECK_COUNT, stdout);
  assert.equal(stderr, '');
}

/** A server of a version that no client here is compatible with. */
async function startStranger() {
  const asked = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"title":"stranger","version":"1.3.0"}', () => asked.resolve());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked: asked.promise,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
