import assert from 'node:assert/strict';
import test from 'node:test';
import { type CollectionState, EMPTY_METADATA, firstShards } from '@tributary/metadata';
import { COLLECTION_DEFAULTS, collectionId, peerId, shardId } from '@tributary/model';
import type { ReplicaClient } from '@tributary/replica-api';
import { abortable, SimulatedClock } from '@tributary/runtime';
import { answerFromMemory } from '../testing/memory-answers.ts';
import { MemoryReplica } from '../testing/memory-replica.ts';
import { LocalReplicas } from './local-replicas.ts';

const SELF = peerId(1);

/** A collection of two shards, of which the thread of the second is busy while it is told so. */
function started() {
  const collection: CollectionState = {
    id: collectionId('c'),
    name: 'c',
    config: { ...COLLECTION_DEFAULTS, vectors: {} },
    createdVectors: { vectors: {} },
    vectorNames: {},
    ...firstShards(
      [0, 1].map((id) => ({ id: shardId(id), replicas: new Map([[SELF, 'Active']]) })),
    ),
  };
  const replica = new MemoryReplica(collection);
  const busy = { isBusy: true, calls: 0 };
  const replicas: ReplicaClient = {
    call: async (target, call, signal = new AbortController().signal) => {
      if (target.shard === 1) busy.calls++;
      if (target.shard === 1 && busy.isBusy) await abortable(new Promise(() => {}), signal);
      return answerFromMemory(replica, call);
    },
  };
  const clock = new SimulatedClock();
  const state = { ...EMPTY_METADATA, collections: new Map([['c', collection]]) };
  const local = new LocalReplicas({ self: SELF, metadata: { state }, replicas, clock });
  return { local, clock, busy };
}

const shardsOf = (told: Awaited<ReturnType<LocalReplicas['all']>>) =>
  told.map(({ shard, ageMs }) => [shard.id, ageMs]);

test('a replica that is busy keeps nobody waiting for longer than they asked to, nor the others old', async () => {
  const { local, clock, busy } = started();
  const patient = local.all(3_600_000);
  for (let i = 0; i < 3; i++) {
    const told = local.all();
    await clock.advance(1_000);
    assert.deepEqual(shardsOf(await told), [[0, 1_000]]);
  }
  assert.equal(busy.calls, 1, 'the question is shared');
  await clock.advance(30_000);
  assert.deepEqual(shardsOf(await patient), [[0, 28_000]], 'as of the last question');
  busy.isBusy = false;
  assert.deepEqual(shardsOf(await local.all()), [
    [0, 0],
    [1, 0],
  ]);
});

test('who closes ends the questions that are open', async () => {
  const { local, clock } = started();
  const told = local.all(3_600_000);
  local[Symbol.dispose]();
  assert.deepEqual(shardsOf(await told), []);
  assert.equal(clock.nextDueMs, undefined);
});
