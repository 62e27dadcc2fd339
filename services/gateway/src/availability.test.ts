import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FIRST_GENERATION, shardId } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import type { AppendFate } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

async function send(
  cluster: MemoryCluster,
  request: string,
  body?: object,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const [method = '', path = ''] = request.split(' ');
  const headers = { 'content-type': 'application/json', ...more };
  const startedMs = performance.now();
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const answer = await fetch(`${cluster.url()}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, text, ms: performance.now() - startedMs };
}

async function create(cluster: MemoryCluster, config: object): Promise<void> {
  const vectors = { size: 2, distance: 'Dot' };
  const made = await send(cluster, 'PUT /collections/c', { vectors, ...config });
  assert.equal(made.status, 200, made.text);
}

const POINTS = { points: Array.from({ length: 50 }, (_, id) => ({ id, vector: [id, 1] })) };
const SEARCH = { vector: [1, 0], limit: 50 };

/** Far below the 60 s that a read may take, and above what a busy machine adds. */
const SOON_MS = 20_000;

/** Waits for what a busy machine may be slow to do. */

const write = (cluster: MemoryCluster, parameters = 'wait=true') =>
  send(cluster, `PUT /collections/c/points?${parameters}`, POINTS);
const search = (cluster: MemoryCluster) =>
  send(cluster, 'POST /collections/c/points/search', SEARCH);

function statusOfWrite(answer: Answer): string {
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text).result.status;
}

function found(answer: Answer): number {
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text).result.length;
}

test('searches go on through the other replicas when a peer dies', async () => {
  await using cluster = await startMemoryCluster({ peers: 3 });
  await create(cluster, { shard_number: 6, replication_factor: 2 });
  await write(cluster);
  await cluster.peer(1).stop();
  for (let i = 0; i < 10; i++) {
    const answer = await search(cluster);
    assert.equal(found(answer), 50);
    assert.ok(answer.ms < SOON_MS, `${answer.ms} ms`);
  }
});

test('a stopped peer delays searches once, until its silence is noticed, and is not asked later', async () => {
  await using cluster = await startMemoryCluster({ peers: 3 });
  await create(cluster, { shard_number: 6, replication_factor: 2 });
  await write(cluster);
  const stopped = cluster.peer(1);
  stopped.isStopped = true;
  let before = stopped.calls;
  await until('it is asked once more', async () => {
    assert.equal(found(await search(cluster)), 50);
    return stopped.calls > before;
  });
  before = stopped.calls;
  for (let i = 0; i < 6; i++) assert.equal(found(await search(cluster)), 50);
  assert.equal(stopped.calls, before, 'it is not asked any more');
  stopped.isStopped = false;
  await until('it is asked again once it is back', async () => {
    await search(cluster);
    return stopped.calls > before;
  });
});

test('a shard without a readable replica is an error that names it, long before the read times out', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  await create(cluster, { shard_number: 2, replication_factor: 1 });
  await write(cluster);
  await cluster.peer(1).stop();
  const answer = await search(cluster);
  assert.equal(answer.status, 500);
  assert.match(answer.text, /The replica set for shard \d on peer 1 does not have enough active/);
  assert.ok(answer.ms < SOON_MS, `${answer.ms} ms`);
});

test('consistency=all fails while a replica cannot be read', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  await create(cluster, { shard_number: 1, replication_factor: 2 });
  await write(cluster);
  await cluster.peer(1).stop();
  const all = 'POST /collections/c/points/search?consistency=all';
  assert.equal((await send(cluster, all, SEARCH)).status, 500);
  assert.equal(found(await search(cluster)), 50);
});

test('a completed write is seen at every live peer at once', async () => {
  await using cluster = await startMemoryCluster({ peers: 3 });
  await create(cluster, { shard_number: 3, replication_factor: 3 });
  cluster.peer(1).isApplying = false;
  cluster.peer(2).isApplying = false;
  const writing = write(cluster);
  await sleep(100);
  cluster.peer(1).isApplying = true;
  cluster.peer(2).isApplying = true;
  assert.equal(statusOfWrite(await writing), 'completed');
  for (const index of [0, 1, 2]) {
    const count = await fetch(`${cluster.url(index)}/collections/c/points/count`, {
      method: 'POST',
      body: '{}',
    });
    assert.match(await count.text(), /"count":50/);
  }
});

test('a lagging replica beyond the consistency factor delays a write by the grace and no more', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  await create(cluster, { shard_number: 2, replication_factor: 2 });
  cluster.peer(1).isApplying = false;
  const answer = await write(cluster);
  assert.equal(statusOfWrite(answer), 'completed');
  // Its time-out is 60 s.
  assert.ok(answer.ms > 450 && answer.ms < SOON_MS, `${answer.ms} ms`);
});

test('a write that too few replicas apply in the time given is wait_timeout', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  await create(cluster, { shard_number: 2, replication_factor: 2, write_consistency_factor: 2 });
  cluster.peer(1).isApplying = false;
  assert.equal(statusOfWrite(await write(cluster, 'wait=true&timeout=1')), 'wait_timeout');
  assert.equal(statusOfWrite(await write(cluster, 'wait=false')), 'acknowledged');
});

test('without a timeout of its own such a write ends with 408 and says that it is durable', async () => {
  await using cluster = await startMemoryCluster({ peers: 2, config: { writeTimeoutMs: 300 } });
  await create(cluster, { shard_number: 2, replication_factor: 2, write_consistency_factor: 2 });
  cluster.peer(1).isApplying = false;
  const answer = await write(cluster);
  assert.equal(answer.status, 408);
  assert.match(answer.text, /the write is durable as operation \d+/);
});

test('ordering=strong waits for every replica and refuses while one is out of reach', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  await create(cluster, { shard_number: 2, replication_factor: 2 });
  const patient = 'wait=true&ordering=strong&timeout=30';
  assert.equal(statusOfWrite(await write(cluster, patient)), 'completed');
  const strong = 'wait=true&ordering=strong&timeout=1';
  cluster.peer(1).isApplying = false;
  assert.equal(statusOfWrite(await write(cluster, strong)), 'wait_timeout');
  cluster.peer(1).isStopped = true;
  await until('its silence is noticed', async () => {
    const refused = await write(cluster, strong);
    if (refused.status === 200) return false;
    assert.equal(refused.status, 500);
    assert.match(refused.text, /peer 2 is out of reach; nothing was written/);
    return true;
  });
});

test('a write refused by the stream is 503, and with the breaker open at once', async () => {
  let fate: AppendFate = 'unavailable';
  let appends = 0;
  const append = () => {
    appends++;
    return fate;
  };
  await using cluster = await startMemoryCluster({
    peers: 1,
    streams: { faults: { append } },
    config: { writeTimeoutMs: 150 },
  });
  await create(cluster, {});
  await until('a write is refused without asking the stream', async () => {
    const before = appends;
    const answer = await write(cluster);
    // 408 where the time is up in the middle of a try.
    assert.ok([408, 503].includes(answer.status), answer.text);
    return appends === before && /the write stream is out of reach/.test(answer.text);
  });
  fate = 'ok';
  await until('writes are served again', async () => {
    const answer = await write(cluster, 'wait=true&timeout=30');
    return answer.status === 200 && statusOfWrite(answer) === 'completed';
  });
});

test('a write without an answer from the stream has an unknown outcome and says so', async () => {
  const streams = { faults: { append: () => 'unknownLost' as const } };
  await using cluster = await startMemoryCluster({ peers: 1, streams });
  await create(cluster, {});
  const answer = await write(cluster, 'wait=true&timeout=1');
  assert.equal(answer.status, 408);
  assert.match(answer.text, /may still take effect; resending it with the same points is safe/);
});

test('a write whose answer was lost is found again by its retry and completed', async () => {
  let tries = 0;
  const streams = {
    faults: { append: () => (tries++ === 0 ? ('unknownWritten' as const) : ('ok' as const)) },
  };
  await using cluster = await startMemoryCluster({ peers: 2, streams });
  await create(cluster, { shard_number: 3, replication_factor: 2 });
  assert.equal(statusOfWrite(await write(cluster, 'wait=true&timeout=30')), 'completed');
  assert.equal(tries, 2);
  assert.equal(found(await search(cluster)), 50);
});

test('a write whose answer was lost has its own operation id, regardless of writes meanwhile', async () => {
  let tries = 0;
  await using cluster = await startMemoryCluster({
    peers: 1,
    streams: {
      faults: {
        append: async (collection) => {
          if (tries++ === 0) return 'unknownWritten';
          if (tries === 2) {
            const entry = { operationId: 'other', timeMs: 1, operations: [] };
            const message = { shard: shardId(0), messageId: 'other', data: encodeEntry(entry) };
            await cluster.streams.open(collection, FIRST_GENERATION).append([message]);
          }
          return 'ok';
        },
      },
    },
  });
  await create(cluster, {});
  const { text } = await write(cluster, 'wait=true&timeout=30');
  assert.equal(tries, 3);
  assert.equal(JSON.parse(text).result.operation_id, 1);
});

test('a write that is durable is not said to be refused where nothing more is known of it', async () => {
  await using cluster = await startMemoryCluster({ peers: 1 });
  await create(cluster, { shard_number: 2 });
  // The second under the key is a duplicate of the first, and where that stands the log has to say.
  const key = { 'x-tributary-idempotency-key': 'once' };
  const writeAgain = (parameters: string) =>
    send(cluster, `PUT /collections/c/points?${parameters}`, POINTS, key);
  assert.equal(statusOfWrite(await writeAgain('wait=true')), 'completed');
  const open = cluster.streams.open.bind(cluster.streams);
  let isLed = false;
  cluster.streams.open = (id, generation) => {
    const stream = open(id, generation);
    const head = stream.shardHead.bind(stream);
    const lost = () => Promise.reject(new TributaryError('unavailable', 'no leader'));
    return new Proxy(stream, {
      get: (target, key) => {
        if (key === 'shardHead') return isLed ? head : lost;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  assert.equal(statusOfWrite(await writeAgain('wait=false')), 'acknowledged');
  assert.equal(statusOfWrite(await writeAgain('wait=true&timeout=1')), 'wait_timeout');
  const waiting = writeAgain('wait=true&timeout=60');
  isLed = true;
  assert.equal(statusOfWrite(await waiting), 'completed');
});

test('draining answers what is in flight and takes nothing new', async () => {
  let isSent = false;
  const append = () => {
    isSent = true;
    return 'ok' as const;
  };
  await using cluster = await startMemoryCluster({
    peers: 2,
    streams: { faults: { append } },
    config: { drainTimeoutMs: 120_000 },
  });
  await create(cluster, { shard_number: 2, replication_factor: 2, write_consistency_factor: 2 });
  cluster.peer(1).isApplying = false;
  const writing = write(cluster);
  await until('the write is on its way', () => isSent);
  const startedMs = performance.now();
  const draining = cluster.peer(0).gateway.drain();
  await assert.rejects(search(cluster), 'no new connection is taken meanwhile');
  cluster.peer(1).isApplying = true;
  assert.equal(statusOfWrite(await writing), 'completed');
  await draining;
  assert.ok(performance.now() - startedMs < 60_000, 'no connection is waited for in vain');
  await assert.rejects(search(cluster), 'no new connection is taken');
});
