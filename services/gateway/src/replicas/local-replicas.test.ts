import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY_METADATA } from '@tributary/metadata';
import type { ReplicaClient } from '@tributary/replica-api';
import { abortable, SimulatedClock } from '@tributary/runtime';
import { ONLY_PEER } from '../testing/memory-collection.ts';
import { MemoryShards } from '../testing/memory-shards.ts';
import { LocalReplicas } from './local-replicas.ts';

/** A collection of two shards; the thread of the second is busy while `isBusy`. */
async function started() {
  const shards = new MemoryShards();
  const collection = await shards.create('c', { shardNumber: 2 });
  const busy = { isBusy: true, calls: 0 };
  const replicas: ReplicaClient = {
    call: async (target, call, signal = new AbortController().signal) => {
      if (target.shard === 1) busy.calls++;
      if (target.shard === 1 && busy.isBusy) await abortable(new Promise(() => {}), signal);
      return shards.client.call(target, call);
    },
  };
  const clock = new SimulatedClock();
  const state = { ...EMPTY_METADATA, collections: new Map([['c', collection]]) };
  const local = new LocalReplicas({ self: ONLY_PEER, metadata: { state }, replicas, clock });
  return { shards, local, clock, busy };
}

const shardsOf = (replicas: Awaited<ReturnType<LocalReplicas['all']>>) =>
  replicas.map(({ shard, ageMs }) => [shard.id, ageMs]);

test('a replica that is busy delays no caller beyond its own bound, and the other replicas stay fresh', async () => {
  const { shards, local, clock, busy } = await started();
  await using _ = shards;
  const patient = local.all(3_600_000);
  for (let i = 0; i < 3; i++) {
    const asked = local.all();
    await clock.advance(1_000);
    assert.deepEqual(shardsOf(await asked), [[0, 1_000]]);
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

test('closing ends the questions that are open', async () => {
  const { shards, local, clock } = await started();
  await using _ = shards;
  const asked = local.all(3_600_000);
  local[Symbol.dispose]();
  assert.deepEqual(shardsOf(await asked), []);
  assert.equal(clock.nextDueMs, undefined);
});
