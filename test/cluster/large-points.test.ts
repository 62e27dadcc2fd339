// A point is not bounded by a message of the stream: a long document and a large multivector are written, read at
// another peer and replayed into an empty replica, and what is too large is refused as the peer refuses it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { until } from '@tributary/runtime/testing';
import { hashesOf, replicasOn } from './replica-hashes.ts';

const ROW = 128;
/** The most numbers that a multivector may have. */
const NUMBERS = 1_048_576;
const DOCUMENT = 'A long document, in more bytes than characters: größer. '.repeat(150_000);

let folder: string;
let cluster: ProcessCluster;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-large-points-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 2 });
  await ask(0, 'PUT', '', {
    vectors: { size: ROW, distance: 'Dot', multivector_config: { comparator: 'max_sim' } },
    shard_number: 2,
    replication_factor: 2,
  });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('a document of 8 MB and the largest multivector are kept among small points', async () => {
  assert.ok(Buffer.byteLength(DOCUMENT) > 8_000_000);
  const small = (id: number) => ({ id, vector: rows(2), payload: { id } });
  const points = [
    small(1),
    { ...small(2), payload: { text: DOCUMENT } },
    { ...small(3), vector: rows(NUMBERS / ROW) },
    small(4),
  ];
  const { status, text } = await ask(0, 'PUT', '/points?wait=true', { points });
  assert.equal(status, 200, text);
  await isAllThere(1);
});

test('one number more is refused, and an update of a large point by filter goes through', async () => {
  const points = [{ id: 9, vector: rows(NUMBERS / ROW + 1) }];
  const refused = await ask(0, 'PUT', '/points?wait=true', { points });
  assert.equal(refused.status, 422, refused.text);
  assert.match(refused.text, /1048576/);
  const filter = { must: [{ has_id: [2, 3] }] };
  const set = await ask(1, 'POST', '/points/payload?wait=true', { payload: { seen: 1 }, filter });
  assert.equal(set.status, 200, set.text);
  await isAllThere(0);
});

test('a replica that lost its disk has them again by replay, to the last bit', async () => {
  const [first, second] = cluster.peers;
  assert.ok(first !== undefined && second !== undefined);
  const before = await hashesOf(replicasOn(first));
  second.kill();
  await second.ended;
  rmSync(join(second.folder, 'replicas'), { recursive: true });
  await second.start();
  await until('it holds the same', async () => {
    const hashes = await hashesOf(replicasOn(second)).catch(() => new Map());
    return [...before].every(([store, hash]) => hashes.get(store) === hash);
  });
});

async function isAllThere(peer: number): Promise<void> {
  const { text } = await ask(peer, 'POST', '/points', {
    ids: [1, 2, 3, 4],
    with_payload: true,
    with_vector: true,
  });
  const { result } = JSON.parse(text) as { result: Record[] };
  assert.deepEqual(
    result.map(({ id, vector }) => [id, vector.length]),
    [
      [1, 2],
      [2, 2],
      [3, NUMBERS / ROW],
      [4, 2],
    ],
  );
  assert.equal(result[1]?.payload.text, DOCUMENT);
  assert.deepEqual(result[2]?.vector.at(-1), rows(NUMBERS / ROW).at(-1));
}

interface Record {
  readonly id: number;
  readonly vector: number[][];
  readonly payload: { readonly text?: string };
}

/** Small whole numbers, which are the same as float32 and as JSON. */
function rows(count: number): number[][] {
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: ROW }, (_, i) => (row * 7 + i) % 31),
  );
}

async function ask(peer: number, method: string, path: string, body: unknown) {
  const answer = await fetch(`${cluster.peers[peer]?.url}/collections/large${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}
