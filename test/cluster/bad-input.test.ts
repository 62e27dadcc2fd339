// Bad input against a real peer, over REST, gRPC and bare sockets: refused with a status and a text of Qdrant's, never
// a failure of the server; the process lives on and no replica has changed.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, afterEach, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { collectionsService, pointsService } from '@tributary/qdrant-api';
import { type Random, seededRandom } from '@tributary/runtime';
import { assertRefused, errorIn, send } from './bad-input/answers.ts';
import { API_READS, API_WRITES, BAD_API_REQUESTS } from './bad-input/grpc-api-cases.ts';
import { BAD_GRPC_REQUESTS, READS, WRITES } from './bad-input/grpc-cases.ts';
import { SEED_READS, SEED_WRITES } from './bad-input/grpc-seeds.ts';
import { mutatedBytes, mutatedJson } from './bad-input/mutations.ts';
import { changesOf, queriesOf } from './bad-input/query-seeds.ts';
import { frame, RawGrpc, streamStatus } from './bad-input/raw-grpc.ts';
import { BAD_REQUESTS } from './bad-input/rest-cases.ts';
import {
  PATCH,
  poisonedCollection,
  poisonedUpsert,
  readsOf,
  type SeedRequest,
  writesOf,
} from './bad-input/seeds.ts';
import { exchange, HalfRequests } from './bad-input/sockets.ts';
import { hashesOf, replicasOn } from './replica-hashes.ts';
import type { ReplicaPlace } from './replica-view.ts';

const REST_REQUESTS = 12_000;
const GRPC_REQUESTS = 12_000;
/** Requests in flight at once. */
const LANES = 12;
/** It takes a second or two; a busy machine takes longer. */
const STOP_WITHIN_MS = 60_000;
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
/** Codes that say it was the client: success, bad argument, not found, already there, too much, unknown method. */
const CLIENT_CODES: ReadonlySet<number> = new Set([0, INVALID_ARGUMENT, 5, 6, 8, 12]);

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;
let pid: number | undefined;
let kept: ReplicaPlace[];
let hashes: ReadonlyMap<string, string>;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-bad-input-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  const [first] = cluster.peers;
  assert.ok(first !== undefined);
  peer = first;
  pid = peer.pid;
  await fill('kept');
  kept = replicasOn(peer);
  assert.equal(kept.length, 2);
  hashes = await hashesOf(kept);
  await fill('scratch');
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

afterEach(async () => {
  assert.equal(peer.pid, pid, 'the process is the one that was started');
  assert.deepEqual(await hashesOf(kept), hashes, 'the collection is as it was');
});

async function fill(name: string): Promise<void> {
  const config = { vectors: { size: 4, distance: 'Cosine' }, shard_number: 2 };
  const made = await send(peer.url, 'PUT', `/collections/${name}`, JSON.stringify(config));
  assert.equal(made.status, 200, made.text);
  const points = Array.from({ length: 100 }, (_, i) => ({
    id: i + 1,
    vector: [i, 1, 2, 3],
    payload: { a: i, tags: ['x', `y${i % 3}`], deep: { b: i % 2 === 0 }, rank: i },
  }));
  const path = `/collections/${name}/points?wait=true`;
  const written = await send(peer.url, 'PUT', path, JSON.stringify({ points }));
  assert.equal(written.status, 200, written.text);
  const index = JSON.stringify({ field_name: 'rank', field_schema: 'integer' });
  const indexed = await send(peer.url, 'PUT', `/collections/${name}/index?wait=true`, index);
  assert.equal(indexed.status, 200, indexed.text);
}

test('every bad REST request is refused with its status and its text', async () => {
  assert.ok(BAD_REQUESTS.length > 250);
  const problems: string[] = [];
  for (const request of BAD_REQUESTS) {
    const { method, path, body } = request;
    try {
      assertRefused(await send(peer.url, method, path, body), request);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  assert.deepEqual(problems, []);
});

test('every bad gRPC request is refused with its code and its text', async () => {
  using raw = new RawGrpc(peer.grpcAddress);
  const problems: string[] = [];
  for (const { what, path, message, code, text } of [...BAD_GRPC_REQUESTS, ...BAD_API_REQUESTS]) {
    const outcome = await raw.call(path, message);
    const isText = typeof text === 'string' ? outcome.details === text : text.test(outcome.details);
    if (outcome.code === code && isText) continue;
    problems.push(`${path}, ${what}: expected ${code}, got ${outcome.code} ${outcome.details}`);
  }
  assert.deepEqual(problems, []);
});

test('every gRPC method is among those that bad messages are made of', () => {
  const methods = [...Object.values(pointsService), ...Object.values(collectionsService)];
  const paths = new Set(GRPC_SEEDS.map(({ path }) => path));
  const missing = methods.map(({ path }) => path).filter((path) => !paths.has(path));
  // Each would make or drop whole collections, by the hundred; theirs are in the table.
  assert.deepEqual(missing, ['/qdrant.Collections/Create', '/qdrant.Collections/Delete']);
});

test('a gRPC message cut short anywhere is refused or understood', async () => {
  using raw = new RawGrpc(peer.grpcAddress);
  for (const { path, message } of GRPC_SEEDS) {
    const whole = await raw.call(path, message);
    assert.equal(whole.code, 0, `${path}: ${whole.details}`);
    const cuts = Array.from({ length: message.length }, (_, end) => message.subarray(0, end));
    const outcomes = await Promise.all(cuts.map((cut) => raw.call(path, cut)));
    const failed = outcomes.find(({ code }) => !CLIENT_CODES.has(code));
    assert.equal(failed, undefined, path);
    // A message that is empty cannot be cut.
    const isSeen = outcomes.some(({ code }) => code === INVALID_ARGUMENT);
    assert.ok(isSeen || message.length === 0, path);
  }
});

test('bodies in chunks, of the wrong type and beyond the limit are served or refused', async () => {
  const path = '/collections/kept/points';
  const point = '{"points":[{"id":1,"vector":[1,2,3]}]}';
  const inChunks = await fetch(`${peer.url}${path}`, {
    method: 'PUT',
    body: new Blob([point.slice(0, 10), point.slice(10)]).stream(),
    duplex: 'half',
  });
  assert.equal(inChunks.status, 400);
  assert.match(await inChunks.text(), /expected dim: 4, got 3/);
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    '',
  ]) {
    const answer = await send(peer.url, 'PUT', path, 'points=1', type);
    assert.equal(answer.status, 400, type);
    assert.match(errorIn(answer), /^Format error in /);
  }
  const large = `{"points":[{"id":1,"vector":[${'1,'.repeat(17 << 20)}1]}]}`;
  const bodies = [large, new Blob([large]).stream()];
  const answers = await Promise.all(
    bodies.map((body) =>
      // A server that answers before it has read everything may reset the connection under the sender.
      fetch(`${peer.url}${path}`, { method: 'PUT', body, duplex: 'half' }).catch(() => undefined),
    ),
  );
  const answered = answers.filter((answer) => answer !== undefined);
  assert.ok(answered.length > 0, 'one of them was answered');
  for (const answer of answered) assert.equal(answer.status, 413, await answer.text());
});

test('limits and offsets beyond anything are served', async () => {
  const path = '/collections/kept/points';
  for (const huge of ['2147483648', '4294967296', '9007199254740993', '18446744073709551615']) {
    const all: readonly (readonly [string, string])[] = [
      ['/search', `{"vector":[1,2,3,4],"limit":${huge},"params":{"hnsw_ef":${huge}}}`],
      ['/scroll', `{"limit":${huge}}`],
      ['/query', `{"limit":${huge}}`],
    ];
    for (const [endpoint, body] of all) {
      const answer = await send(peer.url, 'POST', path + endpoint, body);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.text.split('"id":').length - 1, 100, `${endpoint} ${body}`);
    }
    const beyond = `{"query":[1,2,3,4],"limit":${huge},"offset":${huge}}`;
    const answer = await send(peer.url, 'POST', `${path}/query`, beyond);
    assert.deepEqual(JSON.parse(answer.text).result, { points: [] });
    const grouped = `{"query":1,"group_by":"rank","limit":${huge},"group_size":${huge}}`;
    const groups = await send(peer.url, 'POST', `${path}/query/groups`, grouped);
    assert.equal(JSON.parse(groups.text).result?.groups.length, 99, groups.text);
    const facet = `{"key":"rank","limit":${huge}}`;
    const { text } = await send(peer.url, 'POST', '/collections/kept/facet', facet);
    assert.equal(JSON.parse(text).result?.hits.length, 100, text);
  }
});

test('a gRPC message beyond what a write may hold is refused, packed or not', async () => {
  using raw = new RawGrpc(peer.grpcAddress);
  const path = '/qdrant.Points/Upsert';
  const large = new Uint8Array(100 << 20);
  assert.equal((await raw.call(path, large)).code, RESOURCE_EXHAUSTED);
  const bomb = gzipSync(large);
  const status = await streamStatus(peer.grpcAddress, path, frame(bomb, true), 'gzip');
  assert.equal(status, RESOURCE_EXHAUSTED);
});

test('garbage on both ports is refused or hung up on', async () => {
  const random = seededRandom(20_261_201);
  const noise = () => Uint8Array.from({ length: 300 }, () => random.integer(256));
  const http = [
    'GET / HTTP/9.9\r\n\r\n',
    'GET /collections HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n',
    'PUT /collections/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
    'PUT /collections/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  ];
  const httpPort = portOf(peer.url);
  for (const text of http) {
    const answer = await exchange(httpPort, Buffer.from(text, 'latin1'));
    assert.ok(answer.ended, `the connection is closed after ${text.slice(0, 40)}`);
    assert.match(answer.text, /^HTTP\/1\.1 4\d\d /, text.slice(0, 40));
    errorIn({ status: 400, text: answer.text.slice(answer.text.indexOf('\r\n\r\n') + 4) });
  }
  const grpcPort = portOf(peer.grpcAddress);
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  for (let times = 0; times < 20; times++) {
    await exchange(httpPort, noise(), 100);
    await exchange(grpcPort, noise(), 100);
    await exchange(grpcPort, Buffer.concat([preface, noise()]), 100);
  }
  await exchange(grpcPort, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const garbage = Buffer.from(noise());
  const count = '/qdrant.Points/Count';
  for (const [bytes, encoding] of [
    [frame(garbage, true), 'gzip'],
    [frame(garbage, false), 'identity'],
    [frame(garbage, false).subarray(0, 50), 'identity'],
    [Buffer.concat([frame(garbage, false), frame(garbage, false)]), 'identity'],
    [Buffer.from([0, 255, 255, 255, 255]), 'identity'],
    [Buffer.alloc(0), 'identity'],
  ] as const) {
    const status = await streamStatus(peer.grpcAddress, count, bytes, encoding);
    assert.notEqual(status, 0);
  }
  assert.equal((await send(peer.url, 'GET', '/collections/kept')).status, 200);
});

test('requests that never end hold nobody up', async () => {
  using half = new HalfRequests();
  const head =
    'PUT /collections/kept/points HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"points"';
  await half.open(portOf(peer.url), 200, head);
  await half.open(portOf(peer.url), 100, 'GET /collections HTTP/1.1\r\nhos');
  await half.open(portOf(peer.grpcAddress), 100, 'PRI * HTTP/2.0\r\n\r\nSM');
  for (let times = 0; times < 10; times++) {
    half.drip(':');
    // The half ones are given up after 300 s: no one waits for that.
    const startedMs = performance.now();
    const answer = await send(peer.url, 'POST', '/collections/kept/points/count', '{}');
    assert.equal(answer.status, 200, answer.text);
    assert.ok(performance.now() - startedMs < 30_000, 'others are served meanwhile');
  }
});

test('the requests that bad ones are made of are good', async () => {
  for (const { method, path, body } of [...SEEDS.reads, ...SEEDS.writes]) {
    const answer = await send(peer.url, method, path, JSON.stringify(body));
    const isGone = answer.status === 404 && path.endsWith('/points/vectors');
    assert.ok(answer.status === 200 || isGone, `${method} ${path}: ${answer.text}`);
  }
});

test('generated REST requests are understood or refused, and what is refused changes nothing', async () => {
  const random = seededRandom(2_112_026);
  const statuses = new Map<number, number>();
  await inParallel(REST_REQUESTS, async () => {
    const { method, path, body, isPoisoned } = generated(random);
    const answer = await send(peer.url, method, path, body);
    const shown = `${method} ${path} ${Buffer.from(body).toString()}: ${answer.text}`;
    assert.ok(answer.status < 500, shown);
    if (answer.status !== 200) errorIn(answer);
    else assert.ok(!isPoisoned, shown);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  });
  console.log(JSON.stringify(Object.fromEntries(statuses)));
  for (const status of [200, 400, 422])
    assert.ok((statuses.get(status) ?? 0) > 20, `some ${status}`);
  await assertSound();
});

test('generated gRPC requests are understood or refused', async () => {
  using raw = new RawGrpc(peer.grpcAddress);
  const random = seededRandom(3_112_026);
  const seeds = [...GRPC_SEEDS];
  const codes = new Map<number, number>();
  await inParallel(GRPC_REQUESTS, async () => {
    const seed = seeds[random.integer(seeds.length)];
    assert.ok(seed !== undefined);
    const message = mutatedBytes(seed.message, random);
    const { code, details } = await raw.call(seed.path, message);
    const shown = `${seed.path} ${Buffer.from(message).toString('hex')}: ${code} ${details}`;
    assert.ok(CLIENT_CODES.has(code), shown);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  });
  console.log(JSON.stringify(Object.fromEntries(codes)));
  for (const code of [0, INVALID_ARGUMENT]) assert.ok((codes.get(code) ?? 0) > 20, `some ${code}`);
  await assertSound();
});

test('a peer with requests that never end stops when it is told to, and reads all again', async () => {
  const levels = 127;
  const deepest = `{"metadata":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`;
  const patched = await send(peer.url, 'PATCH', '/collections/scratch', deepest);
  assert.equal(patched.status, 200, patched.text);
  using half = new HalfRequests();
  const head =
    'PUT /collections/kept/points HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"points"';
  await half.open(portOf(peer.url), 20, head);
  await half.open(portOf(peer.grpcAddress), 20, 'PRI * HTTP/2.0\r\n\r\nSM');
  const tookMs = await peer.stop();
  assert.ok(tookMs < STOP_WITHIN_MS, `it took ${Math.round(tookMs)} ms`);
  await peer.start();
  pid = peer.pid;
  const info = await send(peer.url, 'GET', '/collections/scratch');
  assert.equal(info.status, 200, info.text);
  assert.ok(info.text.includes('{"a":'.repeat(levels - 1)), 'the metadata is there');
});

interface Generated {
  readonly method: string;
  readonly path: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** Must be refused. */
  readonly isPoisoned: boolean;
}

const GRPC_SEEDS = [READS, API_READS, SEED_READS, WRITES, API_WRITES, SEED_WRITES].flat();

const SEEDS = {
  reads: [...readsOf('kept'), ...queriesOf('kept')],
  writes: [...writesOf('scratch'), ...changesOf('scratch')],
};

function generated(random: Random): Generated {
  const upsert = { method: 'PUT', path: '/collections/kept/points?wait=true' };
  const creation = { method: 'PUT', path: '/collections/unmade' };
  const patch = { method: 'PATCH', path: '/collections/scratch', isPoisoned: false };
  switch (random.integer(10)) {
    case 0:
      return { ...upsert, body: poisonedUpsert(random), isPoisoned: true };
    case 1:
      return { ...creation, body: poisonedCollection(random), isPoisoned: true };
    case 2:
      return { ...patch, body: mutatedJson(PATCH, random) };
    default:
      return fromSeed(random.next() < 0.6 ? SEEDS.reads : SEEDS.writes, random);
  }
}

function fromSeed(seeds: readonly SeedRequest[], random: Random): Generated {
  const seed = seeds[random.integer(seeds.length)];
  assert.ok(seed !== undefined);
  const isJson = random.next() < 0.75;
  const text = Buffer.from(JSON.stringify(seed.body));
  const body = isJson ? mutatedJson(seed.body, random) : mutatedBytes(text, random);
  return { method: seed.method, path: seed.path, body, isPoisoned: false };
}

/** What was changed on purpose is stored as it should be, and still answers. */
async function assertSound(): Promise<void> {
  await hashesOf(replicasOn(peer));
  const answer = await send(peer.url, 'POST', '/collections/scratch/points/count', '{}');
  assert.equal(answer.status, 200, answer.text);
}

/** Runs `work` so many times, a few at a time. */
async function inParallel(times: number, work: () => Promise<void>): Promise<void> {
  let left = times;
  const lane = async () => {
    while (left > 0) {
      left--;
      await work();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}
