import assert from 'node:assert/strict';
import test from 'node:test';
import { type CollectionState, firstShards } from '@tributary/metadata';
import {
  COLLECTION_DEFAULTS,
  collectionId,
  type PeerId,
  peerId,
  type ShardId,
  sequence,
  shardId,
} from '@tributary/model';
import { systemClock, TributaryError } from '@tributary/runtime';
import type { WriteStream } from '@tributary/stream';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { AppliedTracker } from '../cluster/applied-tracker.ts';
import { MemoryReports } from '../testing/memory-reports.ts';
import { ReadTokens } from './read-tokens.ts';

const C = collectionId('c');
const [A, B] = [peerId(1), peerId(2)];
const [S0, S1] = [shardId(0), shardId(1)];

/** Two shards at two peers; entries 1 and 3 belong to shard 0, entry 2 to shard 1. */
async function world(shardHead?: WriteStream['shardHead']) {
  const stream = await new MemoryWriteStreams().create(C);
  for (const shard of [S0, S1, S0]) {
    const messageId = `${shard}-${Math.random()}`;
    await stream.append([{ shard, messageId, data: new Uint8Array(1) }]);
  }
  const reports = new MemoryReports();
  const tracker = new AppliedTracker({
    self: A,
    reports,
    clock: systemClock,
    silentAfterMs: 1_000,
    waitersMax: 10,
  });
  const shards = [S0, S1].map((id) => {
    return { id, replicas: new Map([A, B].map((peer) => [peer, 'Active' as const])) };
  });
  const config = { ...COLLECTION_DEFAULTS, vectors: {} };
  const created = { createdVectors: { vectors: {} }, vectorNames: {}, ...firstShards(shards) };
  const collection: CollectionState = { id: C, name: 'c', config, ...created };
  const heads = { shardHead: shardHead ?? ((shard: ShardId) => stream.shardHead(shard)) };
  const tokens = new ReadTokens({ tracker, streams: { open: () => heads }, clock: systemClock });
  const applied = (peer: PeerId, shard: ShardId, at: number, covered = at) => {
    const sequences = { appliedSequence: sequence(at), coveredSequence: sequence(covered) };
    reports.publish({ peer, replicas: [{ collection: C, shard, ...sequences }] });
  };
  const ask = (
    shard: ShardId,
    token: number,
    needed = 1,
    signal = new AbortController().signal,
  ) => {
    const state = shards[shard] ?? assert.fail('no such shard');
    const peers = { queue: [A, B], needed };
    return tokens.caughtUp(collection, state, sequence(token), peers, signal);
  };
  return { applied, ask, [Symbol.dispose]: () => tracker[Symbol.dispose]() };
}

test('only the replicas that have applied the token are asked, in the order there was', async () => {
  using it = await world();
  it.applied(A, S0, 1);
  it.applied(B, S0, 3);
  assert.deepEqual(await it.ask(S0, 3), [B]);
  assert.deepEqual(await it.ask(S0, 1), [A, B]);
  it.applied(A, S0, 3);
  assert.deepEqual(await it.ask(S0, 3, 2), [A, B]);
});

test('a shard that the write did not touch is ready when it has applied its own entries', async () => {
  using it = await world();
  it.applied(A, S1, 2);
  assert.deepEqual(await it.ask(S1, 3), [A]);
  assert.deepEqual(await it.ask(S1, 1_000_000), [A], 'a token from nowhere waits for nothing');
});

test('a replica that knows that its shard has nothing up to the token is asked without a look at the stream', async () => {
  using it = await world(() => assert.fail('the stream is not asked'));
  it.applied(A, S1, 2, 3);
  assert.deepEqual(await it.ask(S1, 3), [A]);
  it.applied(B, S1, 1, 5);
  assert.deepEqual(await it.ask(S1, 4), [B]);
});

test('while the stream is out of reach a read asks for its head again, but not for an error of another kind', async () => {
  const stream = { firstSequence: sequence(1), lastSequence: sequence(3), bytes: 3 };
  const answers = [
    new TributaryError('unavailable', 'away'),
    { stream, lastSequence: sequence(2), count: 1 },
  ];
  const shardHead = async () => {
    const answer = answers.shift() ?? assert.fail('asked too often');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  using it = await world(shardHead);
  it.applied(A, S1, 2);
  assert.deepEqual(await it.ask(S1, 3), [A]);
  answers.push(new TributaryError('not_found', 'no such stream'));
  await assert.rejects(it.ask(S1, 3), { code: 'not_found' });
});

test('a read waits for the first replica that catches up, and no longer than its signal', async () => {
  using it = await world();
  it.applied(A, S0, 1);
  const waiting = it.ask(S0, 3);
  it.applied(A, S0, 2);
  it.applied(B, S0, 3);
  assert.deepEqual(await waiting, [B]);
  const aborting = new AbortController();
  const late = it.ask(S0, 3, 2, aborting.signal);
  aborting.abort(new TributaryError('timeout', 'late'));
  await assert.rejects(late, { code: 'timeout' });
});
