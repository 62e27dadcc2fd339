import assert from 'node:assert/strict';
import test from 'node:test';
import { FEATURE_LEVEL, FIRST_GENERATION, sequence } from '@tributary/model';
import { systemClock, TributaryError } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { type AppliedReport, encodeEntry } from '@tributary/wire';
import { PROPOSE_AFTER_MS } from './duties.ts';
import {
  activateOther,
  address,
  append,
  config,
  count,
  countIs,
  createCollection,
  createHarness,
  idsFrom,
  infoOf,
  OTHER,
  SELF,
  stateOf,
  write,
} from './replica-host.test-support.ts';

test('a placed replica takes what is in the stream, becomes Active, and answers', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1, 2, 3);
  await until('Active', () => stateOf(harness, SELF) === 'Active');
  assert.equal(await count(harness), 3);
  const query = {
    scoring: { kind: 'nearest' as const, vector: Float32Array.of(2.2, 0) },
    using: '',
    limit: 1,
    params: {},
    projection: { payload: { kind: 'none' as const }, vectors: { kind: 'all' as const } },
  };
  const [hits] = await harness.host.client.call(address, { kind: 'search', queries: [query] });
  assert.deepEqual(hits?.[0]?.id, 2);
  assert.deepEqual(hits?.[0]?.vectors, { '': Float32Array.of(2, 0) });
});

test('what is applied is reported at once and repeated, and later where a peer asks for it', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  const { sequence: written } = await write(harness, 1);
  const { reports } = harness;
  const isOfIt = ({ replicas }: AppliedReport) =>
    replicas.some(({ appliedSequence }) => appliedSequence >= written);
  const isOnlyLife = ({ replicas }: AppliedReport) => replicas.length === 0;
  await until('a repetition', () => reports.filter(isOfIt).length > 2);
  await until('signs of life alone', () => reports.slice(-3).every(isOnlyLife));
  harness.report({ peer: OTHER, replicas: [], asksForAll: true });
  const asked = reports.length;
  await until('the answer', () => reports.slice(asked).some(isOfIt));
});

test('errors of a replica reach the caller with their code', async () => {
  await using harness = await createHarness();
  await assert.rejects(count(harness), { code: 'not_found' });
  await createCollection(harness, [SELF]);
  await countIs(harness, 0);
  const query = {
    scoring: { kind: 'nearest' as const, vector: Float32Array.of(1, 2, 3) },
    using: '',
    limit: 1,
    params: {},
    projection: { payload: { kind: 'none' as const }, vectors: { kind: 'none' as const } },
  };
  const wrong = harness.host.client.call(address, { kind: 'search', queries: [query] });
  await assert.rejects(wrong, { code: 'wrong_input' });
  const given = AbortSignal.abort();
  await assert.rejects(harness.host.client.call(address, { kind: 'count' }, given), {
    code: 'cancelled',
  });
});

test('a replica that is no longer placed here goes with its data', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await countIs(harness, 1);
  assert.deepEqual(await harness.stores.list(), ['0-c']);
  const deleted = { kind: 'collectionDeleted' as const, id: address.collection };
  await harness.metadata.propose(() => deleted, harness.signal);
  await until('the store is dropped', async () => (await harness.stores.list()).length === 0);
  await assert.rejects(count(harness), { code: 'not_found' });
});

test('a replica that is opened again with other settings answers every call meanwhile', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await countIs(harness, 1);
  let openings = 0;
  const open = harness.stores.open.bind(harness.stores);
  harness.stores.open = async (name) => {
    openings++;
    await systemClock.sleep(50);
    return await open(name);
  };
  for (const quantile of [0.8, 0.9]) {
    const changed = { ...config, quantization: { scalar: { type: 'int8', quantile } } };
    const event = { kind: 'collectionUpdated' as const, id: address.collection, config: changed };
    await harness.metadata.propose(() => event, harness.signal);
    // Before the first read a replica is asked to catch up.
    await harness.host.catchUp(address, harness.signal);
    assert.equal(await count(harness), 1);
  }
  assert.equal(openings, 2);
  await write(harness, 2);
  await countIs(harness, 2);
});

test('settings of graphs take effect on an open replica: a graph is built once they ask for it', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, ...idsFrom(1, 20));
  await countIs(harness, 20);
  harness.stores.open = () => Promise.reject(new Error('the replica is not opened again'));
  for (const indexingThresholdKb of [0, 1]) {
    const changed = { ...config, optimizers: { ...config.optimizers, indexingThresholdKb } };
    const event = { kind: 'collectionUpdated' as const, id: address.collection, config: changed };
    await harness.metadata.propose(() => event, harness.signal);
  }
  // 1 KB is 128 vectors of two values.
  assert.equal((await infoOf(harness)).indexedVectorsCount, 0);
  await write(harness, ...idsFrom(21, 130));
  await until('a graph over all', async () => (await infoOf(harness)).indexedVectorsCount === 130);
  assert.equal(await count(harness), 130);
});

test('a crashed worker comes back with its replicas', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await countIs(harness, 1);
  await harness.processes[0]?.crash();
  await write(harness, 2);
  const answers: number[] = [];
  const answered = () => count(harness).then((counted) => answers.push(counted));
  await until('an answer', () =>
    answered()
      .catch(() => 0)
      .then((given) => given > 0),
  );
  assert.deepEqual(answers, [2], 'it has what was written while it was away');
  assert.equal(harness.processes.length, 2);
});

test('a replica that cannot go on is declared Dead while another one is Active', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF, OTHER]);
  await write(harness, 1);
  await until('Active', () => stateOf(harness, SELF) === 'Active');
  await activateOther(harness);
  await harness.processes[0]?.crash();
  await write(harness, 2);
  await write(harness, 3);
  await harness.streams.open(address.collection, FIRST_GENERATION).purge(sequence(3));
  await until('Dead', () => stateOf(harness, SELF) === 'Dead');
});

test('a peer that is handed an entry of a later version halts there, and dead-letters nothing', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  const entry = { operationId: 'later', timeMs: 1, operations: [] };
  const message = { shard: address.shard, messageId: 'later', data: encodeEntry(entry, 2) };
  await harness.streams.open(address.collection, FIRST_GENERATION).append([message]);
  await write(harness, 2);
  const halted = () => harness.host.statuses[0]?.halted;
  await until('the replica is halted', () => halted() !== undefined);
  assert.deepEqual(halted()?.needs, 'operator');
  assert.match(halted()?.reason ?? '', /takes feature level 2, .*: start a newer version/);
  assert.equal(harness.host.statuses[0]?.appliedSequence, 1);
  assert.deepEqual(harness.streams.deadLetters, []);
  const isReported = () => harness.reports.at(-1)?.replicas[0]?.haltedNeeds === 'operator';
  await until('the others know what it needs', isReported);
});

test('the others learn at once how far a peer has folded the metadata, and what it knows', async () => {
  await using harness = await createHarness();
  const startedMs = performance.now();
  for (let round = 0; round < 4; round++) {
    const uri = `http://127.0.0.1:${round}`;
    const { sequence: folded } = await harness.metadata.propose(
      () => ({ kind: 'peerJoined', peer: OTHER, uri, version: '0.1.0', featureLevel: 1 }),
      harness.signal,
    );
    await until('reported', () => (harness.reports.at(-1)?.metadataSequence ?? 0) >= folded);
    assert.equal(harness.reports.at(-1)?.featureLevel, FEATURE_LEVEL);
  }
  // Each round would wait half a second for the next regular report.
  assert.ok(performance.now() - startedMs < 1_200);
});

test('a store with damaged bytes is replaced by a replay, and opened again where a read meets some', async () => {
  await using harness = await createHarness();
  const { stores } = harness;
  let failures = 0;
  const open = stores.open.bind(stores);
  stores.open = async (name) => {
    failures++;
    if (failures === 1) throw new TributaryError('corrupt', 'damaged on purpose');
    return await open(name);
  };
  await createCollection(harness, [SELF]);
  await write(harness, 1, 2);
  await countIs(harness, 2);
  assert.equal(failures, 2);
  stores.corruptReads = true;
  const verifying = harness.host.client.call<'verify'>(address, { kind: 'verify' });
  await assert.rejects(verifying, { code: 'corrupt' });
  await until('the store is opened again', () => failures === 3);
});

test('a replica that is filled by replay answers nothing until it holds everything', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF]);
  const ids = Array.from({ length: 100 }, (_, i) => i + 1);
  for (const id of ids) await write(harness, id);
  await until('Active', () => stateOf(harness, SELF) === 'Active');
  const openStore = harness.stores.open.bind(harness.stores);
  harness.stores.open = async (name) => {
    harness.stores.open = openStore;
    await harness.stores.drop(name);
    return await openStore(name);
  };
  const stream = harness.streams.open(address.collection, FIRST_GENERATION);
  const openReader = stream.openReader.bind(stream);
  harness.streams.open = () => stream;
  stream.openReader = async (shard, after) => {
    const reader = await openReader(shard, after);
    const next = reader.next.bind(reader);
    reader.next = async (options) => {
      await systemClock.sleep(20);
      return await next({ ...options, messagesMax: 20 });
    };
    return reader;
  };
  await harness.processes[0]?.crash();
  const refusals = new Set<string>();
  await until('an answer', async () => {
    const counted = await count(harness).catch((error: Error) => void refusals.add(error.message));
    if (counted !== undefined) assert.equal(counted, ids.length);
    return counted !== undefined;
  });
  assert.match([...refusals].join(), /filled by replay/);
});

test('an Active replica whose folder was wiped says at once that it recovers, and is Active with everything', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF, OTHER]);
  for (let id = 1; id <= 100; id++) await write(harness, id);
  await until('Active', () => stateOf(harness, SELF) === 'Active');
  await activateOther(harness);
  const release = Promise.withResolvers<void>();
  const stream = harness.streams.open(address.collection, FIRST_GENERATION);
  const openReader = stream.openReader.bind(stream);
  harness.streams.open = () => stream;
  stream.openReader = async (shard, after) => {
    const reader = await openReader(shard, after);
    const next = reader.next.bind(reader);
    reader.next = async (options) => {
      await release.promise;
      return await next(options);
    };
    return reader;
  };
  const { stores } = harness;
  const open = stores.open.bind(stores);
  stores.open = async (name) => {
    stores.open = open;
    await stores.drop(name);
    return await open(name);
  };
  await harness.processes[0]?.crash();
  await until('Recovery', () => stateOf(harness, SELF) === 'Recovery');
  assert.equal(harness.host.statuses[0]?.appliedSequence, 0, 'nothing is replayed yet');
  await assert.rejects(count(harness), { code: 'unavailable', message: /filled by replay/ });
  await systemClock.sleep(3 * PROPOSE_AFTER_MS);
  assert.equal(stateOf(harness, SELF), 'Recovery');
  release.resolve();
  await until('Active again', () => stateOf(harness, SELF) === 'Active');
  assert.equal(await count(harness), 100);
});

test('a store that cannot be replayed is left as it is, and said to be', async () => {
  await using harness = await createHarness();
  const { stores, streams } = harness;
  stores.open = () => Promise.reject(new TributaryError('corrupt', 'damaged on purpose'));
  await createCollection(harness, [SELF]);
  await write(harness, 1);
  await write(harness, 2);
  await streams.open(address.collection, FIRST_GENERATION).purge(sequence(2));
  const halted = () => harness.host.statuses[0]?.halted;
  await until('the replica is halted', () => halted() !== undefined);
  assert.match(halted()?.reason ?? '', /damaged on purpose/);
  await assert.rejects(count(harness), { code: 'unavailable', message: /damaged on purpose/ });
});

test('a Dead replica with damaged points is replayed from the start and becomes Active again', async () => {
  await using harness = await createHarness();
  await createCollection(harness, [SELF, OTHER]);
  await write(harness, 1, 2);
  await until('Active', () => stateOf(harness, SELF) === 'Active');
  await activateOther(harness);
  const store = harness.stores;
  store.corruptReads = true;
  const selector = { kind: 'ids' as const, ids: [1] };
  await append(harness, { kind: 'setPayload', selector, payload: { a: 1 } });
  await until('Dead', () => stateOf(harness, SELF) === 'Dead');
  store.corruptReads = false;
  await until('Active again', () => stateOf(harness, SELF) === 'Active');
  assert.equal(await count(harness), 2);
});

test('what an earlier run left and is not placed here is removed before anything is opened', async () => {
  await using harness = await createHarness(async (stores) => {
    await (await stores.open('7-left')).close();
  });
  await createCollection(harness, [SELF]);
  await countIs(harness, 0);
  assert.deepEqual(await harness.stores.list(), ['0-c']);
});
