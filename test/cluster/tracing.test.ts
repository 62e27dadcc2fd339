// One trace from a client through the gateway and the stream to the replica that applies a write, and through another
// peer to the replica that answers a read. Real peers, and a collector that takes what they export.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata, Client as RawGrpcClient } from '@grpc/grpc-js';
import { ProcessCluster, removeFolder } from '@tributary/infra';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
  /** Of the resource: the peer that exported it. */
  readonly peer: string;
}

const EXPORTED_WITHIN_MS = 60_000;
const CLIENT_SPAN = '00f067aa0ba902b7';

const spans: Span[] = [];
let resources: Record<string, string>[] = [];
let collector: Server;
let folder = '';
let cluster: ProcessCluster;

before(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => {
      body += bytes;
    });
    request.on('end', () => {
      assert.equal(request.url, '/v1/traces');
      take(JSON.parse(body));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const address = collector.address();
  assert.ok(typeof address === 'object' && address !== null);
  folder = mkdtempSync(join(tmpdir(), 'tributary-tracing-'));
  // The SDK's own variable: half a second between two exports instead of five.
  process.env.OTEL_BSP_SCHEDULE_DELAY = '500';
  const config = join(folder, 'config.yaml');
  // Only what a caller traces.
  const settings = `otlp_endpoint: http://127.0.0.1:${address.port}, sampling_ratio: 0`;
  writeFileSync(config, `tracing: { ${settings} }\n`);
  const peerFlags = ['--config-path', config];
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 2, peerFlags });
  const vectors = { size: 2, distance: 'Dot' };
  await send('PUT', '/collections/traced', { vectors, shard_number: 2 });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  collector?.closeAllConnections();
  collector?.close();
  removeFolder(folder);
});

function take(exported: {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] };
    scopeSpans: { spans: Omit<Span, 'peer'>[] }[];
  }[];
}): void {
  for (const { resource, scopeSpans } of exported.resourceSpans) {
    const named = resource.attributes.map(({ key, value }) => [key, value.stringValue]);
    const attributes = Object.fromEntries(named);
    resources = [...resources, attributes];
    const peer = attributes['service.instance.id'];
    for (const each of scopeSpans) spans.push(...each.spans.map((span) => ({ ...span, peer })));
  }
}

async function send(method: string, path: string, body: object, traceparent?: string) {
  const [peer] = cluster.peers;
  assert.ok(peer !== undefined);
  const answer = await fetch(`${peer.url}${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(traceparent && { traceparent }) },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text).result;
}

function traceparentOf(traceId: string, flags = '01'): string {
  return `00-${traceId}-${CLIENT_SPAN}-${flags}`;
}

function traceIdOf(number: number): string {
  return number.toString(16).padStart(32, 'a');
}

async function exported(isThere: () => boolean, what: string): Promise<void> {
  const deadlineMs = Date.now() + EXPORTED_WITHIN_MS;
  while (!isThere()) {
    assert.ok(Date.now() < deadlineMs, `${what}: ${spans.map(({ name }) => name).join(', ')}`);
    await sleep(50);
  }
}

const ofTrace = (traceId: string) => spans.filter((span) => span.traceId === traceId);

function only(found: readonly Span[], name: string): Span {
  const [span, ...more] = found.filter((each) => each.name === name);
  assert.ok(span !== undefined && more.length === 0, `${name}: ${found.map((s) => s.name)}`);
  return span;
}

test('a write is one trace: client, gateway, stream, replica', async () => {
  const traceId = traceIdOf(1);
  const points = [{ id: 1, vector: [1, 2] }];
  const path = '/collections/traced/points?wait=true';
  await send('PUT', path, { points }, traceparentOf(traceId));
  await exported(() => ofTrace(traceId).some(({ name }) => name === 'apply entry'), 'a write');
  const found = ofTrace(traceId);
  const served = only(found, 'PUT /collections/{collection_name}/points');
  const appended = only(found, 'append upsert');
  const applied = only(found, 'apply entry');
  assert.equal(served.parentSpanId, CLIENT_SPAN);
  assert.equal(appended.parentSpanId, served.spanId);
  assert.equal(applied.parentSpanId, appended.spanId);
  assert.ok(BigInt(applied.endTimeUnixNano) >= BigInt(applied.startTimeUnixNano));
  const [resource] = resources;
  assert.equal(resource?.['service.name'], 'tributary');
  assert.match(resource?.['service.version'] ?? '', /^\d+\.\d+\.\d+$/);
});

test('a read is one trace: client, gateway, the other peer, its replica', async () => {
  const traceId = traceIdOf(2);
  const body = { query: [1, 0], limit: 1 };
  await send('POST', '/collections/traced/points/query', body, traceparentOf(traceId));
  const replicasOf = () => ofTrace(traceId).filter(({ name }) => name === 'replica search');
  await exported(() => replicasOf().length === 2, 'a read');
  const found = ofTrace(traceId);
  const served = only(found, 'POST /collections/{collection_name}/points/query');
  const asked = found.filter(({ name }) => name === 'ask search');
  assert.deepEqual(
    asked.map(({ parentSpanId }) => parentSpanId),
    [served.spanId, served.spanId],
  );
  const parents = new Set(replicasOf().map(({ parentSpanId }) => parentSpanId));
  assert.deepEqual(parents, new Set(asked.map(({ spanId }) => spanId)));
  // A shard each.
  assert.equal(new Set(replicasOf().map(({ peer }) => peer)).size, 2);
});

test('the trace of a gRPC call is taken from its metadata', async () => {
  const traceId = traceIdOf(3);
  const [peer] = cluster.peers;
  assert.ok(peer !== undefined);
  const client = new RawGrpcClient(peer.grpcAddress, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('traceparent', traceparentOf(traceId));
  const asIs = (bytes: Buffer) => bytes;
  // An empty message: every collection.
  await new Promise((resolve, reject) => {
    const method = '/qdrant.Collections/List';
    client.makeUnaryRequest(method, asIs, asIs, Buffer.alloc(0), metadata, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
  client.close();
  await exported(() => ofTrace(traceId).length > 0, 'a gRPC call');
  assert.equal(only(ofTrace(traceId), 'qdrant.Collections/List').parentSpanId, CLIENT_SPAN);
});

test('an entry of several writes is linked to each of them, and is a child of none', async () => {
  const traces = Array.from({ length: 40 }, (_, i) => traceIdOf(100 + i));
  const write = (traceId: string, i: number) => {
    const points = [{ id: 100 + i, vector: [i, 1] }];
    return send('PUT', '/collections/traced/points?wait=true', { points }, traceparentOf(traceId));
  };
  await Promise.all(traces.map(write));
  const linked = () => spans.filter(({ links = [] }) => links.length > 1);
  await exported(() => linked().length > 0, 'an entry of several writes');
  await exported(
    () => traces.every((id) => ofTrace(id).some(({ name }) => name === 'append upsert')),
    'all appends',
  );
  const appends = new Set(
    spans.filter(({ name }) => name === 'append upsert').map(({ spanId }) => spanId),
  );
  for (const { name, parentSpanId, links = [] } of linked()) {
    assert.equal(name, 'apply entry');
    assert.ok(parentSpanId === undefined || parentSpanId === '');
    for (const { traceId, spanId } of links) {
      assert.ok(traces.includes(traceId));
      assert.ok(appends.has(spanId));
    }
  }
});

test('what its caller does not keep, or spells wrongly, makes no span and is answered as ever', async () => {
  const traceId = traceIdOf(4);
  const points = [{ id: 4, vector: [1, 2] }];
  const before = spans.length;
  const path = '/collections/traced/points?wait=true';
  for (const traceparent of [traceparentOf(traceId, '00'), 'nonsense', '00-0-0-01']) {
    await send('PUT', path, { points }, traceparent);
  }
  // One that is kept comes after those that were not.
  const lastId = traceIdOf(5);
  await send('PUT', path, { points }, traceparentOf(lastId));
  await exported(() => ofTrace(lastId).some(({ name }) => name === 'apply entry'), 'the last');
  assert.deepEqual(ofTrace(traceId), []);
  // Every trace here was given by a client, but those that begin with an entry of several writes.
  const begun = spans.slice(before).filter(({ traceId: id, links = [] }) => {
    return !id.startsWith('aaaaaaaa') && links.length === 0;
  });
  assert.deepEqual(begun, []);
});
