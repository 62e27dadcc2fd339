// What is logged of slow reads: here every read is slow, as the threshold is nearly 0.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Filter,
  type GroupsRequest,
  ID_ONLY,
  type PeerId,
  payloadToBytes,
  peerId,
  type QueryRequest,
  shardId,
  type UnindexedCondition,
} from '@tributary/model';
import type { ReplicaClient } from '@tributary/replica-api';

import { SimulatedClock, silentLogger, systemClock, TributaryError } from '@tributary/runtime';
import { memoryCollection } from '../testing/memory-collection.ts';
import { MemoryShards } from '../testing/memory-shards.ts';
import { SlowLog, type SlowLogOptions } from './slow-log.ts';

const RED: Filter = { must: [{ kind: 'match', key: 'colour', value: 'red' }] };
const SECRET = 'payload-that-is-not-logged';

interface Line {
  readonly operation: string;
  readonly outcome: string;
  readonly request: string;
  readonly plan: readonly string[];
  readonly notLogged?: number;
}

function recorded(options: Partial<SlowLogOptions> = {}) {
  const lines: Line[] = [];
  const unindexed: UnindexedCondition[] = [];
  let wake = () => {};
  const slow = {
    thresholdMs: Number.MIN_VALUE,
    clock: systemClock,
    logger: {
      ...silentLogger,
      warn: (fields: object) => {
        // What the logger gets is a line by its type.
        lines.push(JSON.parse(JSON.stringify(fields)));
        wake();
      },
    },
    onUnindexed: (_: unknown, conditions: readonly UnindexedCondition[]) => {
      unindexed.push(...conditions);
    },
    ...options,
  };
  const next = async (): Promise<Line> => {
    while (lines.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const line = lines.shift();
    assert.ok(line !== undefined);
    return line;
  };
  return { slow, next, lines, unindexed };
}

async function filled(options: Partial<SlowLogOptions> = {}) {
  const log = recorded(options);
  const shards = new MemoryShards(1, log.slow);
  const collection = await shards.create('c', {
    vectors: { '': { size: 2, distance: 'Dot' }, other: { size: 2, distance: 'Dot' } },
    shardNumber: 2,
  });
  const points = Array.from({ length: 20 }, (_, i) => ({
    id: i,
    vectors: { '': Float32Array.of(0.987_654, i), other: Float32Array.of(i, 1) },
    payload: payloadToBytes({ colour: i % 2 === 0 ? 'red' : 'blue', n: i, secret: SECRET }),
  }));
  await shards.apply(collection, { kind: 'upsert', points });
  await shards.apply(collection, {
    kind: 'createFieldIndex',
    field: 'n',
    index: { type: 'integer', lookup: true, range: true },
  });
  return { ...log, shards, collection, reader: shards.reader };
}

function nearest(more: Partial<QueryRequest> = {}): QueryRequest {
  const target = { kind: 'vector' as const, vector: Float32Array.of(0.123_456, 0.654_321) };
  return {
    prefetch: [],
    query: { kind: 'nearest', target },
    using: '',
    params: {},
    limit: 3,
    offset: 0,
    projection: ID_ONLY,
    ...more,
  };
}

test('each query of a batch is logged with its limit, its plan and where its time went', async () => {
  const { reader, collection, shards, next } = await filled();
  await using _ = shards;
  const other = nearest({ using: 'other', limit: 7, params: { hnswEf: 64, exact: true } });
  await reader.query(collection, [nearest({ filter: RED }), other], {});
  const { operation, outcome, plan } = await next();
  assert.deepEqual([operation, outcome], ['query', 'answered']);
  assert.match(
    plan[0] ?? '',
    /^search 2 queries: [\d.]+ ms, found 3, 7; shard \d at peer 1 [\d.]+ ms/,
  );
  const about = (pattern: RegExp) => plan.filter((line) => pattern.test(line)).length;
  assert.equal(about(/shard 0 at peer 1/), 1);
  assert.equal(about(/shard 1 at peer 1/), 1);
  assert.equal(about(/^ {2}query\[0\]: nearest limit 3 ef 100: exact scan/), 1);
  assert.equal(about(/^ {2}query\[1\]: nearest using other limit 7 ef 64 exact: exact scan/), 1);
  assert.equal(
    about(/^ {2}filter by every payload: expected \d+ \(0 to \d+\), matched \d+, \d+ looked at/),
    1,
  );
  assert.equal(about(/^colour has no index: one of type keyword would answer match$/), 1);
});

test('nested prefetches are named by their place in the tree', async () => {
  const { reader, collection, shards, next } = await filled();
  await using _ = shards;
  const leaf = (using: string, filter?: Filter) => {
    const { offset: __, projection: ___, ...stage } = nearest({ using });
    return filter === undefined ? stage : { ...stage, filter };
  };
  const inner = { ...leaf(''), query: { kind: 'rrf' as const, k: 2 }, prefetch: [leaf('', RED)] };
  const tree = nearest({ query: { kind: 'rrf', k: 2 }, prefetch: [inner, leaf('other')] });
  await reader.query(collection, [tree], {});
  const { plan, request } = await next();
  const text = plan.join('\n');
  assert.match(text, /^ {2}query\.prefetch\[0\]\.prefetch\[0\]: nearest limit 3/m);
  assert.match(text, /^ {2}query\.prefetch\[1\]: nearest using other limit 3/m);
  const { prefetch } = JSON.parse(request);
  assert.deepEqual(prefetch[0].prefetch[0].filter, RED);
});

test('every kind of read tells how its filter was answered', async () => {
  const linesPerSecondMax = Number.POSITIVE_INFINITY;
  const { reader, collection, shards, next, unindexed } = await filled({ linesPerSecondMax });
  await using _ = shards;
  const ask = async (operation: string, read: Promise<unknown>) => {
    await read;
    const line = await next();
    assert.equal(line.operation, operation);
    const answered = /filter by (every payload|payload indexes, then .*): .* matched \d+/;
    assert.match(line.plan.join('\n'), answered, operation);
    assert.match(line.request, /"colour"/, operation);
    assert.deepEqual(unindexed.splice(0).at(-1)?.key, 'colour');
    return line.plan;
  };
  const ids = [{ kind: 'id' as const, id: 1 }];
  const recommend = { kind: 'recommend', positives: ids, negatives: [] } as const;
  const context = [{ positive: { kind: 'id', id: 1 }, negative: { kind: 'id', id: 2 } }] as const;
  const target = { kind: 'id', id: 3 } as const;
  const queries: QueryRequest['query'][] = [
    { ...recommend, strategy: 'best_score' },
    { kind: 'discover', target, context },
    { kind: 'context', context },
    { kind: 'sample' },
    { kind: 'orderBy', orderBy: { key: 'n', direction: 'asc' } },
    undefined,
  ];
  for (const query of queries) {
    const { query: __, ...request } = nearest({ filter: RED });
    const asked = query === undefined ? request : { ...request, query };
    await ask('query', reader.query(collection, [asked], {}));
  }
  const groups: GroupsRequest = { query: nearest({ filter: RED }), groupBy: 'n', groupSize: 2 };
  await ask('groups', reader.groups(collection, groups, {}));
  const scroll = { filter: RED, limit: 5, projection: ID_ONLY };
  assert.match(
    (await ask('scroll', reader.scroll(collection, scroll, {}))).join(),
    /scroll limit 6/,
  );
  await ask('count', reader.count(collection, { filter: RED, exact: true }, {}));
  const facet = { key: 'n', limit: 3, exact: false, filter: RED };
  await ask('facet', reader.facet(collection, facet, {}));
  const matrix = { sample: 5, limit: 2, using: '', filter: RED };
  await ask('matrix', reader.matrix(collection, matrix, {}));
});

test('neither vectors nor payloads are told, and no request makes a long line', async () => {
  const { reader, collection, shards, next } = await filled();
  await using _ = shards;
  const any = Array.from({ length: 1_000 }, (_each, i) => `${'x'.repeat(500)}${i}`);
  const filter: Filter = {
    must: [
      { kind: 'matchAny', key: 'colour', any },
      { kind: 'hasId', ids: [1, 2] },
    ],
    should: Array.from({ length: 300 }, (_each, i) => {
      return { kind: 'match' as const, key: `${'k'.repeat(2_000)}${i}`, value: i };
    }),
  };
  const requests = Array.from({ length: 100 }, () => nearest({ filter }));
  await reader.query(collection, requests, {});
  const line = await next();
  const text = JSON.stringify(line);
  assert.ok(text.length < 16_000, `${text.length}`);
  assert.ok(line.plan.length <= 48);
  await reader.retrieve(
    collection,
    { ids: [1, 2], projection: { payload: { kind: 'all' }, vectors: { kind: 'all' } } },
    {},
  );
  for (const each of [text, JSON.stringify(await next())]) {
    assert.doesNotMatch(each, /0\.123|0\.654|0\.987/);
    assert.doesNotMatch(each, new RegExp(SECRET));
  }
});

test('a read that failed is logged with the code of its error', async () => {
  const { reader, collection, shards, next } = await filled();
  await using _ = shards;
  await assert.rejects(reader.query(collection, [nearest({ query: { kind: 'dbsf' } })], {}));
  assert.equal((await next()).outcome, 'bad_request');
});

test('a fast read is not told, and asks for no explanation', async () => {
  const { reader, collection, shards, lines } = await filled({ thresholdMs: 600_000 });
  await using _ = shards;
  await reader.query(collection, [nearest({ filter: RED })], {});
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(lines, []);
  assert.ok(!shards.calls.includes('explain'));
});

test('what cannot be explained is logged too, at most ten lines a second, the rest counted', async () => {
  const clock = new SimulatedClock();
  const { slow, lines } = recorded({ clock });
  const call = () => Promise.reject(new TributaryError('unavailable', 'away'));
  const log = new SlowLog({
    ...slow,
    thresholdMs: 5,
    directory: { at: () => ({ call }), isReachable: () => true },
  });
  const collection = memoryCollection('c');
  const slowRead = async () => {
    const trace = log.trace();
    const step = trace.begin(collection, { kind: 'count', filter: RED });
    await clock.advance(10);
    const [shard] = collection.shards.values();
    const [peer] = shard?.replicas.keys() ?? [];
    assert.ok(shard !== undefined && peer !== undefined);
    step.asking(shard.id, peer)();
    step.end([1]);
    log.read(trace, { operation: 'count', collection, describe: () => ({}) }, undefined);
    await clock.advance(0);
  };
  for (let i = 0; i < 25; i++) await slowRead();
  assert.equal(lines.length, 10);
  assert.deepEqual(lines[0]?.plan, ['count: 10.0 ms, found 1; shard 0 at peer 1 10.0 ms']);
  await clock.advance(1_000);
  await slowRead();
  assert.equal(lines.at(-1)?.notLogged, 15);
  assert.equal(log.total, 26);
  assert.equal(log.requests.length, 11);
});

test('a shard that gave no answer is logged first, and the plan is that of one that did', async () => {
  const { slow, next } = recorded();
  await using shards = new MemoryShards();
  const collection = await shards.create('c', { shardNumber: 2 });
  const away: ReplicaClient = {
    call: () => Promise.reject(new TributaryError('unavailable', 'away')),
  };
  const isReachable = (peer: PeerId) => peer !== 3;
  const directory = { at: (peer: PeerId) => (peer === 2 ? shards.client : away), isReachable };
  const log = new SlowLog({ ...slow, directory });
  const trace = log.trace();
  const step = trace.begin(collection, { kind: 'count', filter: RED });
  step.asking(shardId(0), peerId(1));
  step.asking(shardId(1), peerId(2))();
  const failure = new TributaryError('timeout', 'too late');
  log.read(trace, { operation: 'count', collection, describe: () => ({}) }, failure);
  const { plan, outcome } = await next();
  assert.equal(outcome, 'timeout');
  assert.match(
    plan[0] ?? '',
    /^count: not finished; shard 0 at peer 1 gave no answer; shard 1 at peer 2 [\d.]+ ms$/,
  );
  assert.match(plan[1] ?? '', /^ {2}filter by every payload: expected 0 \(0 to 0\)/);
});

test('no more than four are explained at once; the others tell where their time went', async () => {
  const { slow, lines } = recorded();
  let asked = 0;
  const gate = Promise.withResolvers<never>();
  const busy: ReplicaClient = {
    call: () => {
      asked++;
      return gate.promise;
    },
  };
  const directory = { at: () => busy, isReachable: () => true };
  const log = new SlowLog({ ...slow, directory });
  const collection = memoryCollection('c');
  const done = () => new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 6; i++) {
    const trace = log.trace();
    const step = trace.begin(collection, { kind: 'count', filter: RED });
    step.asking(shardId(0), peerId(1))();
    step.end([i]);
    log.read(trace, { operation: 'count', collection, describe: () => ({}) }, undefined);
  }
  await done();
  assert.equal(asked, 4);
  assert.equal(lines.length, 2);
  assert.match(lines[0]?.plan[0] ?? '', /^count: [\d.]+ ms, found 4; shard 0 at peer 1/);
  gate.reject(new TributaryError('unavailable', 'away'));
  await done();
  assert.equal(lines.length, 6);
});
