// Every gRPC method, given bytes that are no message of its, and messages about nothing.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, credentials, status } from '@grpc/grpc-js';
import { collectionsService, pointsService } from '@tributary/qdrant-api';
import { createEndpoints } from './endpoints/endpoints.ts';
import { unservedMethods } from './grpc/grpc-unserved.ts';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';
import { NO_CORE } from './testing/no-core.ts';

const UNSERVED = new Set(unservedMethods(createEndpoints(NO_CORE)).map(({ path }) => path));
const PATHS = new Set([
  ...[...Object.values(pointsService), ...Object.values(collectionsService)].map(
    ({ path }) => path,
  ),
  ...UNSERVED,
]);
/** They name no collection: their messages are empty, or hold changes that may be none. */
const ABOUT_NO_COLLECTION: Readonly<Record<string, number>> = {
  '/qdrant.Collections/List': status.OK,
  '/qdrant.Collections/ListAliases': status.OK,
  '/qdrant.Collections/UpdateAliases': status.OK,
  '/qdrant.Collections/CollectionExists': status.OK,
  '/qdrant.Collections/Delete': status.OK,
};

let cluster: MemoryCluster;
let client: Client;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  client = new Client(`127.0.0.1:${cluster.grpcPort()}`, credentials.createInsecure());
});

after(async () => {
  client.close();
  await cluster[Symbol.asyncDispose]();
});

const asIs = (bytes: Buffer) => bytes;

function call(path: string, message: Uint8Array) {
  return new Promise<{ readonly code: number; readonly details: string }>((resolve) => {
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(message), (error) => {
      resolve({ code: error?.code ?? status.OK, details: error?.details ?? '' });
    });
  });
}

test('all 44 methods of the two services are there', () => {
  const of = (service: string) =>
    [...PATHS].filter((path) => path.startsWith(`/qdrant.${service}/`));
  assert.equal(of('Points').length, 30);
  assert.equal(of('Collections').length, 14);
});

test('every method refuses bytes that are no message of its', async () => {
  // A field of 5 bytes of which one is there; a group; a collection name that is no text.
  const rubbish = [[0x0a, 0x05, 0x61], [0x0b], [0x0a, 0x02, 0xc3, 0x28], [0xff]];
  for (const path of PATHS) {
    for (const bytes of rubbish) {
      const { code, details } = await call(path, Uint8Array.from(bytes));
      if (UNSERVED.has(path)) {
        assert.equal(code, status.UNIMPLEMENTED, path);
        continue;
      }
      const isSkipped = path in ABOUT_NO_COLLECTION && code === status.OK;
      assert.ok(isSkipped || code === status.INVALID_ARGUMENT, `${path} ${bytes}: ${details}`);
    }
  }
});

test('every method that is about a collection refuses a message about none', async () => {
  for (const path of PATHS) {
    const { code, details } = await call(path, new Uint8Array(0));
    const expected = UNSERVED.has(path) ? status.UNIMPLEMENTED : ABOUT_NO_COLLECTION[path];
    if (expected !== undefined) {
      assert.equal(code, expected, `${path}: ${details}`);
      continue;
    }
    assert.ok(
      code === status.NOT_FOUND || code === status.INVALID_ARGUMENT,
      `${path}: ${code} ${details}`,
    );
    assert.match(
      details,
      /^(Not found: Collection|Validation error|Format error|Bad request: )/,
      path,
    );
  }
});
