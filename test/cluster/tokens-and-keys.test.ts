// Reading one's own write at any peer, and retrying a write without writing twice, with the official clients over both
// protocols: while a peer is stopped, while one hears nothing of the log, and when connections die amid a request.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { QdrantClient as GrpcClient, withHeaders as grpcHeaders } from '@qdrant/js-client-grpc';
import { QdrantClient as RestClient, withHeaders as restHeaders } from '@qdrant/js-client-rest';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { until } from '@tributary/runtime/testing';
import { type CounterClient, grpcCounter, restCounter, VECTOR } from './clients/counting.ts';

const KEY = 'x-tributary-idempotency-key';
const TOKEN = 'x-tributary-min-sequence';
const PEERS = [0, 1, 2];
/** Over every shard: point ids are spread by their hash. */
const IDS = Array.from({ length: 12 }, (_, i) => i + 1);
const collection = 'tokens';

let folder: string;
let cluster: ProcessCluster;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-tokens-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 3, areLinksSeverable: true });
  await restAt(0).createCollection(collection, {
    vectors: { size: VECTOR.length, distance: 'Dot' },
    shard_number: 3,
    replication_factor: 2,
  });
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('while a peer is stopped a read with a token sees its write, and at that peer when it goes on', async () => {
  await put(0, 0);
  peerAt(2).pause();
  let token = 0;
  try {
    for (let mark = 1; mark <= 6; mark++) {
      token = await put(mark % 2, mark);
      await seesEverywhere([0, 1], token, mark);
    }
  } finally {
    peerAt(2).resume();
  }
  await seesEverywhere([2], token, 6);
});

test('a peer that hears nothing of the log answers a read with a token rightly or not at all', async () => {
  await put(0, 10);
  cluster.freezeNats(1);
  const mark = 11;
  const token = await put(0, mark);
  try {
    for (const id of IDS) {
      const answer = await fetch(`${peerAt(1).url}/collections/${collection}/points?timeout=1`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [TOKEN]: String(token) },
        body: JSON.stringify({ ids: [id] }),
      });
      const body: unknown = await answer.json();
      if (answer.status === 200) assert.match(JSON.stringify(body), new RegExp(`"mark":${mark}`));
      else assert.ok([408, 500, 503].includes(answer.status), JSON.stringify(body));
    }
  } finally {
    cluster.healNats(1);
  }
  const client = restCounter(restAt(1), collection);
  await until('the peer hears the log again', () => client.read(1, token).catch(() => undefined));
  await seesEverywhere([1], token, mark);
});

test('an alias that was switched at one peer names the other collection at every peer at once', async () => {
  const sizes = { two: 2, three: 3 };
  for (const [name, size] of Object.entries(sizes)) {
    await restAt(0).createCollection(name, { vectors: { size, distance: 'Dot' } });
  }
  for (let round = 0; round < 15; round++) {
    const [target, other] =
      round % 2 === 0 ? (['two', 'three'] as const) : (['three', 'two'] as const);
    const switching = { create_alias: { collection_name: target, alias_name: 'newest' } };
    const actions = round === 0 ? [] : [{ delete_alias: { alias_name: 'newest' } }];
    await restAt(round % 3).updateCollectionAliases({ actions: [...actions, switching] });
    for (const peer of PEERS) {
      const { config } = await restAt(peer).getCollection('newest');
      const { vectors } = config.params;
      assert.ok(vectors && 'size' in vectors);
      assert.equal(vectors.size, sizes[target], `peer ${peer} still has ${other}`);
    }
  }
});

test('a write whose connection died is found done by its retry, which writes nothing again', async () => {
  const point = (mark: number) => ({ id: 77, vector: VECTOR, payload: { by: { mark } } });
  const key = { [KEY]: 'died' };
  const before = await restAt(0).upsert(collection, { wait: true, points: [point(0)] });
  const body = JSON.stringify({ points: [point(1)] });
  await sendAndHangUp(`${peerAt(0).url}/collections/${collection}/points`, body, key);
  const done = await until('the write is applied', async () => {
    const found = await restCounter(restAt(0), collection).read(77, before.operation_id ?? 0);
    return found.by.mark === 1 ? found : undefined;
  });
  const retries = [
    await restHeaders(key, () => restAt(1).upsert(collection, { wait: true, points: [point(1)] })),
    await restHeaders(key, () => restAt(0).upsert(collection, { points: [point(1)] })),
  ].map(({ operation_id }) => operation_id);
  const overGrpc = await grpcHeaders(key, () => grpcUpsert(2, 77, 1));
  assert.deepEqual([...retries, overGrpc], [done.version, done.version, done.version]);

  const other = await restAt(2).upsert(collection, { wait: true, points: [point(2)] });
  assert.equal(await grpcHeaders(key, () => grpcUpsert(1, 77, 1)), done.version);
  const after = await restCounter(restAt(1), collection).read(77, other.operation_id ?? 0);
  assert.deepEqual(after, { version: other.operation_id, by: { mark: 2 } });
});

test('calls that were given up on the way are one write each when they are sent again', async () => {
  for (let round = 0; round < 10; round++) {
    const id = 300 + round;
    const key = { [KEY]: `given-up-${round}` };
    const giveUp = new AbortController();
    const call = grpcHeaders(key, () => grpcUpsert(0, id, round, giveUp.signal));
    await Promise.all([call.catch(() => undefined), sleep(round).then(() => giveUp.abort())]);
    const again = await grpcHeaders(key, () => grpcUpsert(1, id, round));
    const points = [{ id, vector: VECTOR, payload: { by: { mark: round } } }];
    const overRest = await restHeaders(key, () => restAt(2).upsert(collection, { points }));
    assert.equal(overRest.operation_id, again);
    const found = await restCounter(restAt(0), collection).read(id, again);
    assert.deepEqual(found, { version: again, by: { mark: round } });
  }
});

test('one key at every peer at once, over both protocols, is one write', async () => {
  for (let round = 0; round < 5; round++) {
    const id = 200 + round;
    const key = { [KEY]: `at-once-${round}` };
    const point = (mark: number) => ({ id, vector: VECTOR, payload: { by: { mark } } });
    const writes = PEERS.flatMap((peer) => [
      restHeaders(key, () =>
        restAt(peer).upsert(collection, { wait: true, points: [point(peer)] }),
      ).then(({ operation_id }) => operation_id),
      grpcHeaders(key, () => grpcUpsert(peer, id, 10 + peer)),
    ]);
    const operations = new Set(await Promise.all(writes));
    assert.equal(operations.size, 1, [...operations].join());
    const [operation] = operations;
    for (const peer of PEERS) {
      const { version } = await restCounter(restAt(peer), collection).read(id, operation ?? 0);
      assert.equal(version, operation);
    }
  }
});

/** Writes every point with the mark, by a client of either protocol in turn; resolves to the operation's number. */
async function put(peer: number, mark: number): Promise<number> {
  if (mark % 2 === 1) return await grpcUpsert(peer, IDS, mark);
  const points = IDS.map((id) => ({ id, vector: VECTOR, payload: { by: { mark } } }));
  const { operation_id } = await restAt(peer).upsert(collection, { wait: true, points });
  return operation_id ?? assert.fail('a write has a number');
}

async function seesEverywhere(peers: readonly number[], token: number, mark: number) {
  for (const peer of peers) {
    const clients: readonly CounterClient[] = [
      restCounter(restAt(peer), collection),
      grpcCounter(grpcAt(peer), collection),
    ];
    for (const client of clients) {
      const found = await Promise.all(IDS.map((id) => client.read(id, token)));
      const marks = found.map(({ by }) => by.mark);
      assert.deepEqual(
        marks,
        IDS.map(() => mark),
      );
    }
  }
}

async function grpcUpsert(
  peer: number,
  ids: number | readonly number[],
  mark: number,
  signal?: AbortSignal,
): Promise<number> {
  const dense = { vector: { case: 'dense' as const, value: { data: VECTOR } } };
  const fields = { mark: { kind: { case: 'integerValue' as const, value: BigInt(mark) } } };
  const message = {
    collectionName: collection,
    wait: true,
    points: [ids].flat().map((id) => ({
      id: { pointIdOptions: { case: 'num' as const, value: BigInt(id) } },
      vectors: { vectorsOptions: { case: 'vector' as const, value: dense } },
      payload: { by: { kind: { case: 'structValue' as const, value: { fields } } } },
    })),
  };
  const { result } = await grpcAt(peer)
    .api('points')
    .upsert(message, signal && { signal });
  return Number(result?.operationId ?? assert.fail('a write has a number'));
}

/** The whole request goes out, and the connection is gone before there is an answer. */
async function sendAndHangUp(url: string, body: string, headers: Readonly<Record<string, string>>) {
  const length = String(Buffer.byteLength(body));
  const sent = request(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
  });
  sent.on('error', () => {});
  await new Promise<void>((resolve) => sent.end(body, resolve));
  sent.socket?.end();
  sent.socket?.destroySoon();
}

function peerAt(index: number): PeerProcess {
  return cluster.peers[index] ?? assert.fail(`there is no peer ${index}`);
}

function restAt(peer: number): RestClient {
  return new RestClient({ url: peerAt(peer).url, checkCompatibility: false });
}

function grpcAt(peer: number): GrpcClient {
  const url = `http://${peerAt(peer).grpcAddress}`;
  return new GrpcClient({ url, checkCompatibility: false });
}
