// What is not served yet says so by its name, for any request; HEAD is answered where GET is.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, credentials, status } from '@grpc/grpc-js';
import { createEndpoints } from './endpoints/endpoints.ts';
import { unservedMethods } from './grpc/grpc-unserved.ts';
import { unservedRoutes } from './rest/rest-unserved-routes.ts';
import { createDocs } from './testing/example-docs.ts';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';
import { NO_CORE } from './testing/no-core.ts';

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  await createDocs(cluster.url());
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body?: string | Buffer<ArrayBuffer> | FormData) {
  const init = body === undefined ? { method } : { method, body };
  const answer = await fetch(`${cluster.url()}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, text, headers: answer.headers };
}

const errorOf = (text: string): string => JSON.parse(text).status.error;

test('a route of what is not served yet answers 501 with its name', async () => {
  const named: readonly (readonly [string, string, RegExp])[] = [
    ['POST', '/collections/docs/snapshots', /support snapshots$/],
    ['GET', '/snapshots', /support snapshots$/],
    ['PUT', '/collections/docs/shards/0/snapshots/recover', /support snapshots$/],
    ['PUT', '/collections/docs/shards', /support shard keys$/],
    ['POST', '/collections/docs/shards/delete', /support shard keys$/],
    ['POST', '/collections/docs/cluster', /support cluster operations/],
    ['DELETE', '/cluster/peer/7?force=true', /support cluster operations/],
    ['GET', '/cluster/metadata/keys', /support metadata keys/],
    ['GET', '/collections/docs/shards/0/wal', /support a look into the log/],
    ['GET', '/stacktrace', /support stack traces/],
    ['GET', '/dashboard/', /support the web dashboard/],
    ['GET', '/dashboard/index.html', /support the web dashboard/],
  ];
  for (const [method, path, text] of named) {
    const given = await ask(method, path);
    assert.equal(given.status, 501, `${method} ${path}: ${given.text}`);
    assert.match(errorOf(given.text), text);
    assert.equal(given.headers.get('content-type'), 'application/json; charset=utf-8');
  }
});

test('every such route answers alike, for any body', async () => {
  const rubbish = Buffer.from([0xff, 0xfe, 0x00]);
  for (const { method, url } of unservedRoutes(createEndpoints(NO_CORE))) {
    const path = url.replaceAll(/:\w+/g, 'docs').replace('*', 'x');
    const bodies = method === 'GET' ? [undefined] : [undefined, '{"', rubbish];
    for (const body of bodies) {
      const given = await ask(method, path, body);
      assert.equal(given.status, 501, `${method} ${path}: ${given.text}`);
      assert.match(errorOf(given.text), /^This version of Tributary does not support /);
    }
  }
});

test('an upload is refused before it is read, and the connection goes on', async () => {
  const form = new FormData();
  form.set('snapshot', new Blob([new Uint8Array(40 * 1024 * 1024)]));
  const given = await ask('POST', '/collections/docs/snapshots/upload', form).catch(
    () => undefined,
  );
  // Who is answered before everything is sent may see the connection reset.
  if (given !== undefined) assert.equal(given.status, 501, given.text);
  assert.equal((await ask('GET', '/collections')).status, 200);
});

test('an address that Qdrant does not know either is 404', async () => {
  const given = await ask('GET', '/nothing');
  assert.equal(given.status, 404);
  assert.match(errorOf(given.text), /no endpoint GET \/nothing/);
});

test('a gRPC method of what is not served yet is UNIMPLEMENTED by the same name', async () => {
  const client = new Client(`127.0.0.1:${cluster.grpcPort()}`, credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  for (const { path } of unservedMethods(createEndpoints(NO_CORE))) {
    const { code, details } = await new Promise<{ code?: number; details?: string }>((resolve) => {
      client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error) => resolve(error ?? {}));
    });
    assert.equal(code, status.UNIMPLEMENTED, path);
    assert.match(details ?? '', /^This version of Tributary does not support /, path);
  }
  client.close();
});

test('HEAD answers as GET does, without the body', async () => {
  const large = { id: 1_000, vector: {}, payload: { text: 'x'.repeat(300_000) } };
  const made = await ask(
    'PUT',
    '/collections/docs/points?wait=true',
    JSON.stringify({ points: [large] }),
  );
  assert.equal(made.status, 200, made.text);
  const paths = [
    '/',
    '/healthz',
    '/livez',
    '/readyz',
    '/metrics',
    '/collections',
    '/collections/docs',
    '/collections/docs/exists',
    '/collections/docs/points/1',
    '/collections/docs/points/1000',
    '/collections/nowhere',
    '/telemetry?details_level=4',
    '/cluster',
    '/snapshots',
    '/nothing',
  ];
  for (const path of paths) {
    const [got, head] = [await ask('GET', path), await ask('HEAD', path)];
    assert.equal(head.status, got.status, path);
    assert.equal(head.text, '', path);
    assert.equal(head.headers.get('content-type'), got.headers.get('content-type'), path);
  }
  const { headers } = await ask('HEAD', '/collections/docs');
  assert.ok(Number(headers.get('content-length')) > 100, 'the length is that of the body');
});
