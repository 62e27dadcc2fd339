// Optimistic concurrency with the official clients: whoever writes on the condition that a point's version is the one
// read loses no other's write, at whichever peer and over whichever protocol.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import * as grpc118 from '@qdrant/js-client-grpc';
import * as rest118 from '@qdrant/js-client-rest';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import {
  type CounterClient,
  countsOf,
  countUp,
  grpcCounter,
  restCounter,
  VECTOR,
} from './clients/counting.ts';
import { pythonWithClient } from './clients/python-environment.ts';

const COUNTERS = [1, 18];
const TIMES = 4;
const PYTHON_SCRIPT = join(import.meta.dirname, 'python/count_up.py');
const PYTHON_WITHIN_MS = 240_000;
const collection = 'counters';

let folder: string;
let cluster: ProcessCluster;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-conditional-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 3 });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('eight clients count up on the condition of a version, and no count is lost', async (context) => {
  const client = restClient(0);
  await client.createCollection(collection, {
    vectors: { size: VECTOR.length, distance: 'Dot' },
    shard_number: 2,
    replication_factor: 3,
  });
  const points = COUNTERS.map((id) => ({ id, vector: VECTOR, payload: { by: {} } }));
  await client.upsert(collection, { wait: true, ordering: 'strong', points });

  const counting = new Map<string, Promise<number>>();
  for (const peer of [0, 1, 2]) {
    const start = (name: string, counter: CounterClient) =>
      counting.set(name, countUp(counter, name, COUNTERS, TIMES));
    start(`rest-${peer}`, restCounter(restClient(peer), collection));
    start(`grpc-${peer}`, grpcCounter(grpcClient(peer), collection));
  }
  for (const [protocol, run] of await pythonCounters(context)) counting.set(protocol, run);
  const lost = await Promise.all(counting.values());
  assert.ok(Math.max(...lost) > 0, 'they got in each other’s way');

  const everyone = Object.fromEntries([...counting.keys()].map((name) => [name, TIMES]));
  for (const peer of [0, 1, 2]) {
    const consistency = 'all' as const;
    const records = await restClient(peer).retrieve(collection, { ids: COUNTERS, consistency });
    assert.equal(records.length, COUNTERS.length);
    for (const { payload } of records) assert.deepEqual(countsOf(payload?.by), everyone);
  }
});

test('of writes that insert only, the one whose number is the version has made the point', async () => {
  const ids = Array.from({ length: 20 }, (_, i) => 100 + i);
  const writers = Array.from({ length: 6 }, (_, i) => `writer-${i}`);
  // At one peer all at once, where writes gather and are sent together.
  const client = restClient(0);
  const insert = async (id: number, writer: string) => {
    const { operation_id } = await client.upsert(collection, {
      wait: true,
      points: [{ id, vector: VECTOR, payload: { by: { [writer]: 1 } } }],
      update_mode: 'insert_only',
    });
    return { id, writer, operation: operation_id ?? assert.fail('a write has a number') };
  };
  const inserts = ids.flatMap((id) => writers.map((writer) => insert(id, writer)));
  const made = await Promise.all(inserts);
  const last = Math.max(...made.map(({ operation }) => operation));
  for (const id of ids) {
    const { version, by } = await restCounter(client, collection).read(id, last);
    const makers = made.filter((each) => each.id === id && each.operation === version);
    assert.deepEqual(
      makers.map(({ writer }) => writer),
      Object.keys(by),
    );
  }
});

function peerAt(index: number): PeerProcess {
  return cluster.peers[index] ?? assert.fail(`there is no peer ${index}`);
}

function restClient(peer: number): rest118.QdrantClient {
  return new rest118.QdrantClient({ url: peerAt(peer).url, checkCompatibility: false });
}

function grpcClient(peer: number): grpc118.QdrantClient {
  const url = `http://${peerAt(peer).grpcAddress}`;
  return new grpc118.QdrantClient({ url, checkCompatibility: false });
}

/** One over each protocol; none, with the reason, where the machine has no Python. */
async function pythonCounters(context: TestContext): Promise<[string, Promise<number>][]> {
  const found = await pythonWithClient();
  if ('missing' in found) {
    context.diagnostic(`without Python: ${found.missing}`);
    return [];
  }
  return ['rest', 'grpc'].map((protocol, index) => {
    const { url, grpcAddress } = peerAt(index + 1);
    const ports = [url, grpcAddress].map((address) => address.split(':').at(-1) ?? '');
    const name = `python-${protocol}`;
    const ids = COUNTERS.map(String);
    const args = [PYTHON_SCRIPT, ...ports, protocol, collection, name, String(TIMES), ...ids];
    const run = promisify(execFile)(found.python, args, { timeout: PYTHON_WITHIN_MS });
    return [name, run.then(({ stdout }) => Number(stdout))];
  });
}
